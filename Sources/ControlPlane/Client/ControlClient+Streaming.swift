import NIOCore
import NIOHTTP1
import NIOPosix

extension ControlClient {
    /// Sends a request and hands the answer's body over as it arrives, whatever its length.
    ///
    /// - Parameters:
    ///   - request: What to ask.
    ///   - take: Takes a piece of the body of an answer that is a success; while it works, no more
    ///     is read.
    /// - Returns: A refusal, with its body; nil when the whole body was handed over.
    /// - Throws: `ControlClientError`, also when the answer ends before it is complete; what `take`
    ///   throws.
    public func stream(
        _ request: ControlRequest,
        _ take: ([UInt8]) throws -> Void
    ) async throws -> ControlAnswer? {
        let channel = try await connectStreaming()
        let deadline = NIODeadline.now() + .seconds(Int64(timeoutSeconds))
        let timeout = channel.channel.eventLoop.scheduleTask(deadline: deadline) {
            channel.channel.close(promise: nil)
        }
        defer { timeout.cancel() }
        do {
            return try await channel.executeThenClose { inbound, outbound in
                try await outbound.write(contentsOf: ControlClient.parts(of: request))
                var status = 0
                var refusal: [UInt8] = []
                for try await part in inbound {
                    switch part {
                    case .head(let head): status = Int(head.status.code)
                    case .body(let buffer):
                        let bytes = Array(buffer.readableBytesView)
                        if (200..<300).contains(status) {
                            try take(bytes)
                        } else {
                            refusal += bytes.prefix(1 << 20 - min(refusal.count, 1 << 20))
                        }
                    case .end:
                        guard !(200..<300).contains(status) else { return nil }
                        return ControlAnswer(status: status, body: refusal)
                    }
                }
                throw ControlClientError.interrupted(reason: "the answer is not complete")
            }
        } catch {
            if NIODeadline.now() >= deadline {
                throw ControlClientError.timedOut(seconds: timeoutSeconds)
            }
            // What NIO says of a connection that ended early.
            if error is HTTPParserError || error is ChannelError || error is IOError {
                throw ControlClientError.interrupted(reason: "\(error)")
            }
            throw error
        }
    }

    private typealias Streaming = NIOAsyncChannel<HTTPClientResponsePart, HTTPClientRequestPart>

    private func connectStreaming() async throws(ControlClientError) -> Streaming {
        do {
            return try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .connect(unixDomainSocketPath: socketPath) { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try channel.pipeline.syncOperations.addHTTPClientHandlers()
                        return try Streaming(wrappingChannelSynchronously: channel)
                    }
                }
        } catch let error as IOError {
            throw .unreachable(path: socketPath, reason: ControlClient.reason(error.errnoCode))
        } catch {
            throw .unreachable(path: socketPath, reason: "\(error)")
        }
    }
}
