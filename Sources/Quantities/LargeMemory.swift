import CLinux

/// Memory for tables that grow large, in pieces of the processor's large pages.
///
/// Units:       2 MiB, the size of a large page on x86-64 and on ARM with pages of 4 KiB.
/// Cost:        a piece takes no memory before it is written to; with `useLargePages` all of it at
///              the first touch.
/// Why:         a look-up in a table of hundreds of megabytes misses the processor's table of
///              addresses as surely as its cache, and on a virtual machine that miss is the dearer
///              of the two. Large pages need 512 times fewer entries.
public enum LargeMemory {
    /// The size of a large page.
    public static var pageBytes: Int { 2 << 20 }

    /// A multiple of the size of a large page that holds so many bytes.
    ///
    /// - Parameter byteCount: How many bytes are needed.
    /// - Returns: As many or more.
    public static func rounded(_ byteCount: Int) -> Int {
        (byteCount + pageBytes - 1) & ~(pageBytes - 1)
    }

    /// Takes memory that begins at a large page and is all zero.
    ///
    /// - Parameter byteCount: A multiple of `pageBytes`.
    /// - Returns: Its first byte.
    public static func allocate(byteCount: Int) -> UnsafeMutableRawPointer {
        invariant(byteCount > 0 && byteCount % pageBytes == 0, "large memory is whole large pages")
        guard let start = meterd_map_aligned(byteCount, pageBytes) else {
            invariantBroken("there is address space for a table")
        }
        return start
    }

    /// Asks the kernel for large pages, and for what was touched before to be moved into them.
    ///
    /// - Parameters:
    ///   - start: What `allocate` gave.
    ///   - byteCount: As much as was asked for then.
    public static func useLargePages(_ start: UnsafeMutableRawPointer, byteCount: Int) {
        meterd_use_large_pages(start, byteCount)
    }

    /// Gives memory back.
    ///
    /// - Parameters:
    ///   - start: What `allocate` gave.
    ///   - byteCount: As much as was asked for then.
    public static func deallocate(_ start: UnsafeMutableRawPointer, byteCount: Int) {
        meterd_unmap(start, byteCount)
    }
}
