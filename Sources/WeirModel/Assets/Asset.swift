/// A dataset or a model (later an algorithm): immutable versions, and one draft that is being uploaded.
public struct Asset: Identified, Sendable {
    public static let identifierPrefix = "ast"
}

public enum AssetKind: String, Sendable, Codable, CaseIterable {
    case dataset, model
}

/// One file on its way in by the tus protocol.
public struct Upload: Identified, Sendable {
    public static let identifierPrefix = "upl"
}

/// Who may see and mount an asset (DAT-14). Beyond the workspace needs sharing, which has its own rules.
public enum Visibility: String, Sendable, Codable, CaseIterable {
    case workspace, owner
}

/// The data types and scenarios that a dataset can be filed under (DAT-20, DAT-21).
public enum DataType: String, Sendable, Codable, CaseIterable {
    case image, audio, file, table, video, other
}

public enum Scenario: String, Sendable, Codable, CaseIterable {
    case imageClassification = "image_classification"
    case objectDetection = "object_detection"
    case semanticSegmentation = "semantic_segmentation"
    case faceRecognition = "face_recognition"
    case superResolution = "super_resolution"
    case other
}
