internal import Shared

/// The operators' listener (API.md §12).
final class AdminAPI: RequestHandler {
    private let shared: Wiring
    private let services: Services
    private let health: Health

    init(shared: Wiring, services: Services, health: Health, pipeline: RedisPipeline) {
        self.shared = shared
        self.services = services
        self.health = health
    }

    func admit(_ head: RequestHead) -> Admission {
        .answer(head.answer(Problem(.notFound)))
    }
}
