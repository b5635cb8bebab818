/// How a place is chosen among those that have room.
///
/// The tie rule is the same for all but `random`: of nodes with the same score the first in the cluster's order; of devices
/// with the same score the fullest, of those the first. Several devices are the fullest that have room.
/// The published policies score in whole points from 0 to 100, as their authors do: equal points are ties.
public enum PlacementPolicy: Sendable {
    /// Any node that has room, any of its devices that has, all equally likely.
    case random(seed: UInt64)
    /// The first node that has room.
    case firstFit
    /// The node that keeps least: CPU and accelerators, each as a part of what the largest node has, weigh the same.
    case bestFit
    /// The node whose free CPU and accelerators, as a vector, have the smallest dot product with the demand (Tetris).
    case dotProduct
    /// Fragmentation gradient descent (Weng et al., USENIX ATC 2023): where the part of free accelerators that a task
    /// drawn from the mix could not use grows least.
    case fragmentation(WorkloadMix)
    /// Ours; see `PoolingScore`. Without a mix it learns from what it places.
    case pooling(knowing: WorkloadMix? = nil)
}
