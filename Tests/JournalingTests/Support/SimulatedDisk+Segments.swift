import DiskSimulation

@testable import Journaling

extension SimulatedDisk {
    /// Where the segments start.
    var segments: [UInt64] { fileNames.compactMap(SegmentName.start(in:)) }
}
