/// A mutation on its way back to a lane.
package struct RedriveEntry: Equatable, Sendable {
    package let request: UUID
    /// As it goes onto the lane.
    package let entry: [UInt8]
    package let lane: Lane

    package init(request: UUID, entry: [UInt8], lane: Lane) {
        self.request = request
        self.entry = entry
        self.lane = lane
    }
}
