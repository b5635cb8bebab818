import WeirModel

/// Reads the times of a log without a date formatter, which would cost more than all the rest.
enum LogTime {
    static func read(_ text: ArraySlice<UInt8>) -> Timestamp? {
        let digits = Array(text)
        func number(_ from: Int, _ count: Int) -> Int64? {
            guard from + count <= digits.count else { return nil }
            return digits[from..<from + count].reduce(Int64?(0)) { value, digit in
                guard let value, (48...57).contains(digit) else { return nil }
                return value * 10 + Int64(digit - 48)
            }
        }
        guard let year = number(0, 4), let month = number(5, 2), let day = number(8, 2), let hour = number(11, 2),
            let minute = number(14, 2), let second = number(17, 2)
        else { return nil }
        var position = 19
        var milliseconds: Int64 = 0
        if position < digits.count, digits[position] == UInt8(ascii: ".") {
            let fraction = digits[(position + 1)...].prefix { (48...57).contains($0) }
            for place in 0..<3 {
                milliseconds = milliseconds * 10 + (place < fraction.count ? Int64(fraction[position + 1 + place] - 48) : 0)
            }
            position += 1 + fraction.count
        }
        var shift: Int64 = 0
        if position < digits.count, [UInt8(ascii: "+"), UInt8(ascii: "-")].contains(digits[position]),
            let hours = number(position + 1, 2), let minutes = number(position + 4, 2)
        {
            shift = (hours * 60 + minutes) * (digits[position] == UInt8(ascii: "+") ? 60 : -60)
        }
        let seconds = Timestamp.days(year, month, day) * 86400 + hour * 3600 + minute * 60 + second - shift
        return Timestamp(milliseconds: seconds * 1000 + milliseconds)
    }
}
