internal import Shared

/// What everybody may see: health, the OpenAPI document, and a page for each problem type.
final class PublicPages {
    private let health: Health
    private let openAPI: [UInt8]

    init(openAPI: [UInt8], health: Health) {
        self.openAPI = openAPI
        self.health = health
    }

    func respond(_ exchange: Exchange) async -> Response {
        switch exchange.route.endpoint {
        case .health:
            return await health.check().response(showsChecks: false)
        case .openAPI:
            var response = Response.json(200, openAPI)
            response.cacheControl = "public, max-age=300"
            return response
        case .problem: return problem(exchange)
        default: return exchange.answer(Problem(.notFound, detail: "there is no such page"))
        }
    }

    private func problem(_ exchange: Exchange) -> Response {
        let slug = exchange.values.slugSegment.map { exchange.head.segment($0) } ?? []
        let type = ProblemType.allCases.first { slug.equals($0.slug) }
        guard let type else {
            return exchange.answer(Problem(.notFound, detail: "there is no such problem type"))
        }
        var response = Response(status: 200)
        response.contentType = .html
        response.cacheControl = "public, max-age=3600"
        response.body = ProblemPage.html(type)
        return response
    }
}
