import HTTPTypes
import Hummingbird
import LarderHummingbird
import Logging
import NIOCore

/// Turns what a route throws into an answer: JSON for the API, a page for everybody else.
struct ErrorMiddleware: RouterMiddleware {
    typealias Context = ShopContext

    private struct Body: ResponseEncodable {
        let error: String
    }

    let pages: PageRenderer

    func handle(
        _ request: Request,
        context: ShopContext,
        next: @concurrent (Request, ShopContext) async throws -> Response
    ) async throws -> Response {
        do {
            return try await next(request, context)
        } catch {
            let failure = Self.describe(error, path: request.uri.path)
            if failure.status.kind == .serverError {
                context.logger.error("request failed", metadata: ["error": "\(error)", "path": "\(request.uri.path)"])
            }
            var response =
                request.uri.path == "/api" || request.uri.path.hasPrefix("/api/")
                ? try Body(error: failure.message).response(from: request, context: context)
                : try await self.page(of: error, failure, path: request.uri.path)
            response.status = failure.status
            for field in failure.headers { response.headers[field.name] = field.value }
            return response
        }
    }

    private func page(of error: any Error, _ failure: Failure, path: String) async throws -> Response {
        guard let refused = error as? RateLimitRefusal, !refused.isOutage else {
            return try await self.pages.response(ErrorPage(failure), titled: failure.status.reasonPhrase)
        }
        return try await self.pages.response(LimitPage(path: path, seconds: refused.seconds), titled: LimitPage.heading)
    }

    /// What the visitor is told.
    ///
    /// An error that nobody foresaw is logged and says nothing of itself.
    static func describe(_ error: any Error, path: String) -> Failure {
        switch error {
        case let error as HTTPError:
            let message = error.body ?? (error.status == .notFound ? "There is nothing at \(path)." : nil)
            return Failure(
                status: error.status,
                headers: error.headers,
                message: message ?? "\(error.status.reasonPhrase)."
            )
        case is NIOTooManyBytesError:
            return Failure(
                status: .contentTooLarge,
                message: "The body must not be larger than \(ShopContext.largestBody) bytes."
            )
        case let refused as RateLimitRefusal:
            return Failure(
                status: refused.status,
                headers: refused.headers,
                message: refused.isOutage
                    ? "This cannot be done at the moment. Please try again in \(inSeconds(refused.seconds))."
                    : "That was too much at once. Please try again in \(inSeconds(refused.seconds))."
            )
        case let full as PasswordWork.Full:
            return Failure(
                status: .serviceUnavailable,
                headers: [.retryAfter: "\(full.retryAfter)"],
                message: "Too many people sign in at the moment. Please try again in \(inSeconds(full.retryAfter))."
            )
        case let error as any HTTPResponseError:
            return Failure(status: error.status, message: "\(error.status.reasonPhrase).")
        default:
            return Failure(status: .internalServerError, message: "Something went wrong on our side.")
        }
    }

    /// An error as a visitor sees it.
    struct Failure: Equatable {
        let status: HTTPResponse.Status
        var headers: HTTPFields = [:]
        let message: String
    }
}

extension RateLimitRefusal {
    /// When to come back, in whole seconds, at least one.
    fileprivate var seconds: Int { self.retryAfter ?? 1 }
}
