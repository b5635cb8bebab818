import Yams

/// In this module a node is one of a YAML document; a machine of a zone is `WeirModel.Node`.
typealias Node = Yams.Node
