import FuzzProperties
import Glibc

/// libFuzzer's own loop; `.ci/fuzz` links the library that has it.
@_silgen_name("LLVMFuzzerRunDriver")
func runDriver(
    _ count: UnsafeMutablePointer<Int32>,
    _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>>,
    _ body: @convention(c) (UnsafePointer<UInt8>?, Int) -> Int32
) -> Int32

/// Says something on standard error.
func say(_ text: String) {
    _ = text.withCString { write(STDERR_FILENO, $0, strlen($0)) }
}

let chosen: FuzzHarness = {
    let name = getenv("METERD_FUZZ_HARNESS").map { String(cString: $0) } ?? ""
    guard let harness = FuzzHarness(rawValue: name) else {
        let known = FuzzHarness.allCases.map(\.rawValue).joined(separator: ", ")
        say("METERD_FUZZ_HARNESS: \"\(name)\" is none of \(known)\n")
        exit(64)
    }
    return harness
}()

// The corpus begins with what the encoders make: `meterd-fuzz --seeds FOLDER`.
if CommandLine.arguments.count == 3, CommandLine.arguments[1] == "--seeds" {
    for seed in chosen.seeds {
        let path = CommandLine.arguments[2] + "/" + seed.name
        guard let file = fopen(path, "w") else {
            perror(path)
            exit(74)
        }
        fwrite(seed.bytes, 1, seed.bytes.count, file)
        fclose(file)
    }
    exit(0)
}

var count = CommandLine.argc
var arguments = CommandLine.unsafeArgv
let result = runDriver(&count, &arguments) { bytes, length in
    do throws(BrokenPromise) {
        try chosen.check(UnsafeRawBufferPointer(start: bytes, count: length))
    } catch {
        say("\(chosen.rawValue): broken promise: \(error)\n")
        // libFuzzer keeps the input of a process that aborts.
        abort()
    }
    return 0
}
exit(result)
