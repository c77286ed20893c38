internal import Synchronization

/// Everything a daemon counts, written as Prometheus text (exposition format 0.0.4).
///
/// Instruments are asked for once and kept by their users; asking again for the same name and labels gives the same
/// instrument. Labels must come from fixed sets: never a user's id, never a raw path (OPERATE.md §2).
package final class MetricRegistry: Sendable {
    package typealias Labels = [(name: StaticString, value: String)]

    private enum Instrument {
        case counter(Counter)
        case gauge(Gauge)
        case computed(@Sendable () -> Double)
        case histogram(Histogram)
    }

    private struct Family {
        var help: String
        var kind: StaticString
        var series: [(labels: String, instrument: Instrument)] = []
    }

    private let families = Mutex<[String: Family]>([:])
    private let collectors = Mutex<[@Sendable (inout MetricText) -> Void]>([])

    package init() {
        gauge("tasklane_build_info", "Always 1; its label is the version.", [("version", Version.text)]).set(
            1)
    }

    /// - Parameter name: ends in `_total`.
    package func counter(_ name: String, _ help: String, _ labels: Labels = []) -> Counter {
        precondition(name.hasSuffix("_total"), "a counter's name ends in _total")
        let found = instrument(name, help, "counter", labels) { .counter(Counter()) }
        guard case .counter(let counter) = found else { preconditionFailure("\(name) is no counter") }
        return counter
    }

    package func gauge(_ name: String, _ help: String, _ labels: Labels = []) -> Gauge {
        let found = instrument(name, help, "gauge", labels) { .gauge(Gauge()) }
        guard case .gauge(let gauge) = found else { preconditionFailure("\(name) is no gauge") }
        return gauge
    }

    /// A gauge that is read when somebody asks; `read` must be quick and safe on any thread.
    package func gauge(
        _ name: String, _ help: String, _ labels: Labels = [], read: @escaping @Sendable () -> Double
    ) {
        _ = instrument(name, help, "gauge", labels) { .computed(read) }
    }

    package func histogram(
        _ name: String, _ help: String, _ labels: Labels = [], bounds: [Double] = Histogram.seconds
    ) -> Histogram {
        let found = instrument(name, help, "histogram", labels) { .histogram(Histogram(bounds: bounds)) }
        guard case .histogram(let histogram) = found else { preconditionFailure("\(name) is no histogram") }
        return histogram
    }

    /// Adds families whose labels are only known when asked, such as the lanes that are not empty.
    package func collect(_ collector: @escaping @Sendable (inout MetricText) -> Void) {
        collectors.withLock { $0.append(collector) }
    }

    private func instrument(
        _ name: String, _ help: String, _ kind: StaticString, _ labels: Labels, make: () -> Instrument
    ) -> Instrument {
        let text = MetricText.labels(labels.map { ("\($0.name)", $0.value) })
        return families.withLock { families in
            var family = families[name] ?? Family(help: help, kind: kind)
            if let found = family.series.first(where: { $0.labels == text }) { return found.instrument }
            let made = make()
            family.series.append((text, made))
            families[name] = family
            return made
        }
    }

    /// The whole exposition, families in order of name.
    package func render() -> [UInt8] {
        var text = MetricText()
        let families = families.withLock { $0 }
        for (name, family) in families.sorted(by: { $0.key < $1.key }) {
            text.family(name, help: family.help, kind: "\(family.kind)")
            for (labels, instrument) in family.series {
                switch instrument {
                case .counter(let counter): text.sample(name, labels: labels, Double(counter.value))
                case .gauge(let gauge): text.sample(name, labels: labels, gauge.value)
                case .computed(let read): text.sample(name, labels: labels, read())
                case .histogram(let histogram): text.histogram(name, labels: labels, histogram)
                }
            }
        }
        for collector in collectors.withLock({ $0 }) { collector(&text) }
        return text.bytes
    }
}

/// Prometheus text under construction.
package struct MetricText {
    package private(set) var bytes: [UInt8] = []

    package init() {}

    /// The two comment lines above a family's samples.
    package mutating func family(_ name: String, help: String, kind: String) {
        bytes += Array("# HELP \(name) \(help)\n# TYPE \(name) \(kind)\n".utf8)
    }

    /// - Parameter labels: as `MetricText.labels` made them, or empty.
    package mutating func sample(_ name: String, labels: String = "", _ value: Double) {
        bytes += Array("\(name)\(labels) \(MetricText.number(value))\n".utf8)
    }

    mutating func histogram(_ name: String, labels: String, _ histogram: Histogram) {
        var total = 0
        for (place, count) in histogram.bucketCounts.enumerated() {
            total += count
            let bound = place < histogram.bounds.count ? MetricText.number(histogram.bounds[place]) : "+Inf"
            sample(name + "_bucket", labels: MetricText.adding("le", bound, to: labels), Double(total))
        }
        sample(name + "_sum", labels: labels, histogram.sum)
        sample(name + "_count", labels: labels, Double(total))
    }

    /// `{a="x",b="y"}`, values escaped; empty for none.
    package static func labels(_ labels: [(name: String, value: String)]) -> String {
        labels.isEmpty
            ? "" : "{" + labels.map { "\($0.name)=\"\(escaped($0.value))\"" }.joined(separator: ",") + "}"
    }

    private static func adding(_ name: String, _ value: String, to labels: String) -> String {
        labels.isEmpty ? "{\(name)=\"\(value)\"}" : labels.dropLast() + ",\(name)=\"\(value)\"}"
    }

    private static func escaped(_ value: String) -> String {
        value.reduce(into: "") { text, character in
            switch character {
            case "\\": text += "\\\\"
            case "\"": text += "\\\""
            case "\n": text += "\\n"
            default: text.append(character)
            }
        }
    }

    private static func number(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value > 0 ? "+Inf" : "-Inf" }
        return value == value.rounded() && abs(value) < 1e15 ? "\(Int64(value))" : "\(value)"
    }
}
