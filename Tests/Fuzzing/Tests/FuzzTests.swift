import FuzzProperties
import Glibc
import Testing

/// Goal: what libFuzzer attacks for minutes holds in every test run as well.
///
/// Method: the committed corpus, among it every input that was once a finding, through the same
/// properties; then mutations of it from fixed seeds and a fresh one, which is in a failure's name.
@Suite struct FuzzTests {
    @Test(arguments: FuzzHarness.allCases)
    func `the corpus breaks no promise`(harness: FuzzHarness) throws {
        let corpus = try Corpus.files(of: harness)
        #expect(corpus.count >= harness.seeds.count, "make fuzz-seeds writes what is missing")
        for (name, bytes) in corpus {
            let broken = broken(harness, bytes)
            #expect(broken == nil, "\(harness.rawValue)/\(name)")
        }
    }

    @Test(arguments: FuzzHarness.allCases)
    func `the corpus has what the encoders make`(harness: FuzzHarness) throws {
        let corpus = Dictionary(uniqueKeysWithValues: try Corpus.files(of: harness))
        for seed in harness.seeds {
            let isThere = corpus[seed.name] == seed.bytes
            #expect(isThere, "\(harness.rawValue)/\(seed.name) is not what it was")
        }
    }

    @Test(arguments: FuzzHarness.allCases, [1, 2, UInt64.random(in: 3...UInt64.max)])
    func `mutations of the corpus break no promise`(harness: FuzzHarness, seed: UInt64) throws {
        var mutator = Mutator(seed: seed)
        let corpus = try Corpus.files(of: harness).map(\.bytes)
        try #require(!corpus.isEmpty)
        for round in 0..<mutations(harness) {
            let input = mutator.mutated(corpus, atMost: harness.longestInput)
            if let broken = broken(harness, input) {
                Issue.record("seed \(seed), round \(round): \(broken): \(input)")
                return
            }
        }
    }

    /// Settings and rate cards go through a YAML parser, which takes its time in a debug build.
    private func mutations(_ harness: FuzzHarness) -> Int {
        switch harness {
        case .binary, .lines, .journal, .records: 1500
        case .settings, .rates: 150
        }
    }

    private func broken(_ harness: FuzzHarness, _ input: [UInt8]) -> String? {
        do throws(BrokenPromise) {
            // An exact allocation of its own, so that a sanitizer sees every byte too far.
            let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: input.count, alignment: 1)
            defer { copy.deallocate() }
            copy.copyBytes(from: input)
            try harness.check(UnsafeRawBufferPointer(copy))
            return nil
        } catch {
            return error.description
        }
    }
}

/// The committed inputs: `Tests/Fuzzing/Corpus/<harness>/`.
enum Corpus {
    static func files(of harness: FuzzHarness) throws -> [(name: String, bytes: [UInt8])] {
        // .../Tests/Fuzzing/Tests/<this file>: the corpus is beside the folder.
        let parts = #filePath.split(separator: "/", omittingEmptySubsequences: false)
        let folder = parts.dropLast(2).joined(separator: "/") + "/Corpus/\(harness.rawValue)"
        let stream = try #require(opendir(folder), "no folder \(folder)")
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { field in
                String(cString: UnsafeRawPointer(field).assumingMemoryBound(to: CChar.self))
            }
            if !name.hasPrefix(".") { names.append(name) }
        }
        return try names.sorted().map { ($0, try bytes(of: folder + "/" + $0)) }
    }

    private static func bytes(of path: String) throws -> [UInt8] {
        let file = try #require(fopen(path, "r"), "\(path) cannot be read")
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = fread(&buffer, 1, buffer.count, file)
            if count == 0 { return bytes }
            bytes += buffer[..<count]
        }
    }
}
