import NIOCore

/// How the end of a body is told.
enum BodyLength: Equatable {
    case none
    case known(Int64)
    case chunked
    case untilClose
}

/// Cuts a body out of a stream of bytes, framing included: what it hands out can be written to the other side as it is.
struct BodyReader {
    private enum State {
        case length(Int64)
        case untilClose
        case chunk(ChunkState)
        case done
    }

    private enum ChunkState {
        case size(UInt64, digits: Int)
        case extensions(UInt64)
        case sizeFeed(UInt64)
        case data(UInt64)
        case dataReturn
        case dataFeed
        case trailerStart
        case trailer
        case trailerFeed
        case lastFeed
    }

    private var state: State
    private var extra = 0
    private var hasTrailers = false
    private static let mostExtra = 8 << 10

    init(_ length: BodyLength) {
        state =
            switch length {
            case .none: .done
            case .known(let count): count == 0 ? .done : .length(count)
            case .chunked: .chunk(.size(0, digits: 0))
            case .untilClose: .untilClose
            }
    }

    var isDone: Bool { if case .done = state { true } else { false } }
    /// The end of the connection is the end of the body, not a loss.
    var endsWithConnection: Bool { if case .untilClose = state { true } else { false } }

    /// What of the buffer belongs to the body. Trailers are left out.
    mutating func take(from buffer: inout ByteBuffer) throws -> ByteBuffer? {
        guard buffer.readableBytes > 0 else { return nil }
        switch state {
        case .done: return nil
        case .untilClose:
            defer { buffer = ByteBuffer() }
            return buffer
        case .length(let left):
            if Int64(buffer.readableBytes) <= left {
                let rest = left - Int64(buffer.readableBytes)
                state = rest == 0 ? .done : .length(rest)
                defer { buffer = ByteBuffer() }
                return buffer
            }
            state = .done
            return buffer.readSlice(length: Int(left))
        case .chunk(let chunk): return try takeChunks(chunk, from: &buffer)
        }
    }

    private mutating func takeChunks(_ start: ChunkState, from buffer: inout ByteBuffer) throws -> ByteBuffer? {
        var chunk = start
        var extra = extra
        var trailersFrom: Int? = hasTrailers ? 0 : nil
        var consumed = 0
        var finished = false
        try buffer.withUnsafeReadableBytes { bytes in
            while consumed < bytes.count, !finished {
                let byte = bytes[consumed]
                switch chunk {
                case .size(let size, let digits):
                    if let digit = byte.hexValue {
                        guard digits < 15 else { throw HeadFault.malformed }
                        chunk = .size(size << 4 | UInt64(digit), digits: digits + 1)
                    } else {
                        guard digits > 0 else { throw HeadFault.malformed }
                        switch byte {
                        case 13: chunk = .sizeFeed(size)
                        case UInt8(ascii: ";"), 32, 9: chunk = .extensions(size)
                        default: throw HeadFault.malformed
                        }
                    }
                case .extensions(let size):
                    extra += 1
                    guard extra <= Self.mostExtra, byte >= 32 || byte == 9 || byte == 13 else {
                        throw HeadFault.malformed
                    }
                    if byte == 13 { chunk = .sizeFeed(size) }
                case .sizeFeed(let size):
                    guard byte == 10 else { throw HeadFault.malformed }
                    chunk = size == 0 ? .trailerStart : .data(size)
                case .data(let left):
                    let run = min(left, UInt64(bytes.count - consumed))
                    consumed += Int(run)
                    chunk = run == left ? .dataReturn : .data(left - run)
                    continue
                case .dataReturn:
                    guard byte == 13 else { throw HeadFault.malformed }
                    chunk = .dataFeed
                case .dataFeed:
                    guard byte == 10 else { throw HeadFault.malformed }
                    chunk = .size(0, digits: 0)
                case .trailerStart:
                    if byte == 13 {
                        chunk = .lastFeed
                    } else {
                        if trailersFrom == nil { trailersFrom = consumed }
                        chunk = .trailer
                    }
                case .trailer:
                    extra += 1
                    guard extra <= Self.mostExtra, byte != 10 else { throw HeadFault.malformed }
                    if byte == 13 { chunk = .trailerFeed }
                case .trailerFeed:
                    guard byte == 10 else { throw HeadFault.malformed }
                    chunk = .trailerStart
                case .lastFeed:
                    guard byte == 10 else { throw HeadFault.malformed }
                    finished = true
                }
                consumed += 1
            }
        }
        self.extra = extra
        hasTrailers = trailersFrom != nil
        state = finished ? .done : .chunk(chunk)
        return cut(&buffer, consumed: consumed, trailersFrom: trailersFrom, finished: finished)
    }

    /// Takes the consumed bytes off the buffer, without the trailers in them.
    private func cut(
        _ buffer: inout ByteBuffer, consumed: Int, trailersFrom: Int?, finished: Bool
    ) -> ByteBuffer? {
        guard let trailersFrom else { return buffer.readSlice(length: consumed) }
        var kept = buffer.readSlice(length: trailersFrom) ?? ByteBuffer()
        buffer.moveReaderIndex(forwardBy: consumed - trailersFrom)
        if finished { kept.writeStaticString("\r\n") }
        return kept
    }
}
