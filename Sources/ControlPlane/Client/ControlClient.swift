import Glibc
import NIOCore
import NIOHTTP1
import NIOPosix

/// Speaks to a control plane on its Unix socket: one connection for each call.
///
/// Why: `meterctl`, the demonstration and the tests need one client; the HTTP itself is
/// SwiftNIO's, which the server brings along, so that no second HTTP library is needed.
public struct ControlClient: Sendable {
    /// The socket's path.
    public let socketPath: String
    /// How long an answer may take.
    public let timeoutSeconds: Int

    /// The largest answer that is taken: a page of 1000 lines has less than 1 MiB.
    private static let maximumAnswerBytes = 16 * 1024 * 1024

    /// Makes a client; nothing is opened yet.
    ///
    /// - Parameters:
    ///   - socketPath: The socket's path.
    ///   - timeoutSeconds: How long an answer may take; an audit of large books takes minutes.
    public init(socketPath: String, timeoutSeconds: Int = 30) {
        self.socketPath = socketPath
        self.timeoutSeconds = timeoutSeconds
    }

    /// Sends a request and waits for its answer.
    ///
    /// - Parameter request: What to ask.
    /// - Returns: The answer, also when it is a refusal.
    /// - Throws: `ControlClientError` when there is no answer; a refusal is an answer.
    public func send(_ request: ControlRequest) async throws(ControlClientError) -> ControlAnswer {
        let channel = try await connect()
        let deadline = NIODeadline.now() + .seconds(Int64(timeoutSeconds))
        let timeout = channel.channel.eventLoop.scheduleTask(deadline: deadline) {
            channel.channel.close(promise: nil)
        }
        do {
            let answer = try await channel.executeThenClose { inbound, outbound in
                // In one piece: the server may have answered and closed before a second one.
                try await outbound.write(contentsOf: ControlClient.parts(of: request))
                for try await answer in inbound { return answer }
                throw ChannelError.inputClosed
            }
            timeout.cancel()
            return answer
        } catch {
            timeout.cancel()
            if NIODeadline.now() >= deadline { throw .timedOut(seconds: timeoutSeconds) }
            throw .interrupted(reason: "\(error)")
        }
    }

    private typealias Connection = NIOAsyncChannel<ControlAnswer, HTTPClientRequestPart>

    private func connect() async throws(ControlClientError) -> Connection {
        do {
            return try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .connect(unixDomainSocketPath: socketPath) { channel in
                    channel.eventLoop.makeCompletedFuture {
                        let pipeline = channel.pipeline.syncOperations
                        try pipeline.addHTTPClientHandlers()
                        try pipeline.addHandler(
                            NIOHTTPClientResponseAggregator(
                                maxContentLength: ControlClient.maximumAnswerBytes
                            )
                        )
                        try pipeline.addHandler(AnswerHandler())
                        return try Connection(wrappingChannelSynchronously: channel)
                    }
                }
        } catch let error as IOError {
            throw .unreachable(path: socketPath, reason: ControlClient.reason(error.errnoCode))
        } catch {
            throw .unreachable(path: socketPath, reason: "\(error)")
        }
    }

    static func parts(of request: ControlRequest) -> [HTTPClientRequestPart] {
        var headers: HTTPHeaders = [
            "Host": "localhost", "Connection": "close", "Accept": "application/json",
        ]
        if let key = request.idempotencyKey { headers.add(name: "Idempotency-Key", value: key) }
        if let secret = request.bearer {
            headers.add(name: "Authorization", value: "Bearer \(secret)")
        }
        if let body = request.body {
            headers.add(name: "Content-Type", value: "application/json")
            headers.add(name: "Content-Length", value: String(body.count))
        } else if request.method != .get {
            headers.add(name: "Content-Length", value: "0")
        }
        let head = HTTPRequestHead(
            version: .http1_1,
            method: HTTPMethod(rawValue: request.method.rawValue),
            uri: request.target,
            headers: headers
        )
        guard let body = request.body else { return [.head(head), .end(nil)] }
        return [.head(head), .body(.byteBuffer(ByteBuffer(bytes: body))), .end(nil)]
    }

    static func reason(_ number: CInt) -> String {
        String(cString: strerror(number)).lowercased()
    }
}

/// Takes what is needed out of a whole response.
private final class AnswerHandler: ChannelInboundHandler {
    typealias InboundIn = NIOHTTPClientResponseFull
    typealias InboundOut = ControlAnswer

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let response = unwrapInboundIn(data)
        let body = response.body.map { Array($0.readableBytesView) } ?? []
        let answer = ControlAnswer(status: Int(response.head.status.code), body: body)
        context.fireChannelRead(wrapInboundOut(answer))
    }
}
