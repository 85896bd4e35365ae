/// Which paths below a root count as its inputs.
///
/// A pure value that answers two questions: does this path count, and can this whole folder be skipped.
package struct PathFilter: Sendable, Hashable {
    private let ignoring: [IgnorePatterns]
    private let including: IncludePatterns?
    private let alwaysIncluding: [[UInt8]]

    /// - Parameters:
    ///   - ignoring: sets of patterns; what one of them excludes does not count. Each set judges alone, so that an
    ///     exception in one does not bring back what another excludes.
    ///   - including: where it is given, only what it includes can count.
    ///   - alwaysIncluding: paths relative to the root that count whatever the patterns say, such as the Dockerfile.
    package init(
        ignoring: [IgnorePatterns] = [], including: IncludePatterns? = nil, alwaysIncluding: [String] = []
    ) {
        self.including = including
        self.ignoring = ignoring.filter { !$0.patterns.isEmpty }
        self.alwaysIncluding = alwaysIncluding.map { PathBytes.clean(Array($0.utf8)[...]) }
    }

    /// Whether a change of the file or folder at `path`, relative to the root, counts. Docker's patterns make no
    /// difference between files and folders.
    package func includes(_ path: String) -> Bool {
        judge(Array(path.utf8)).counts
    }

    /// Whether nothing at or below the folder at `path` can count, so that it need not be entered.
    package func canSkip(directory path: String) -> Bool {
        let path = Array(path.utf8)
        let verdict = judge(path)
        return !verdict.counts && canSkip(directory: path[...], judged: verdict)
    }
}

extension PathFilter {
    /// What the filter says about one path, and what its children must know of it.
    struct Verdict: Sendable {
        var counts = true
        fileprivate var judgements: [IgnorePatterns.Judgement] = []
        fileprivate var inclusion: IncludePatterns.Judgement?
    }

    /// The verdict that the root's own children are judged with.
    var rootVerdict: Verdict {
        Verdict(
            counts: true, judgements: ignoring.map { _ in IgnorePatterns.Judgement() },
            inclusion: including?.rootJudgement)
    }

    /// Judges a path whose parent folder was judged before.
    func judge(_ path: ArraySlice<UInt8>, parent: Verdict) -> Verdict {
        var verdict = Verdict()
        verdict.judgements.reserveCapacity(ignoring.count)
        for (patterns, above) in zip(ignoring, parent.judgements) {
            let judgement = patterns.judge(path, parent: above)
            if judgement.isExcluded { verdict.counts = false }
            verdict.judgements.append(judgement)
        }
        if let including, let above = parent.inclusion {
            let inclusion = including.judge(path, parent: above)
            if !inclusion.counts { verdict.counts = false }
            verdict.inclusion = inclusion
        }
        if !verdict.counts, alwaysIncluding.contains(where: { path.elementsEqual($0) }) { verdict.counts = true }
        return verdict
    }

    /// The short form of ``judge(_:parent:)`` for a path whose children are not to be judged.
    func includes(_ path: ArraySlice<UInt8>, parent: Verdict) -> Bool {
        let isExcluded = ignoring.indices.contains {
            ignoring[$0].excludes(path, parent: parent.judgements[$0])
        }
        let isIncluded = parent.inclusion.map { including?.judge(path, parent: $0).counts ?? true } ?? true
        return isIncluded && !isExcluded || alwaysIncluding.contains { path.elementsEqual($0) }
    }

    /// Judges a path and each folder above it.
    func judge(_ path: [UInt8]) -> Verdict {
        var verdict = rootVerdict
        for index in path.indices where path[index] == Ascii.slash {
            verdict = judge(path[..<index], parent: verdict)
        }
        return judge(path[...], parent: verdict)
    }

    /// Whether nothing below the folder at `path` can count.
    func canSkip(directory path: ArraySlice<UInt8>, judged verdict: Verdict) -> Bool {
        let isIgnored = zip(ignoring, verdict.judgements).contains { patterns, judgement in
            patterns.canSkip(directory: path, judged: judgement)
        }
        guard isIgnored || verdict.inclusion?.isOutside == true else { return false }
        let folder = path + [Ascii.slash]
        return !alwaysIncluding.contains { $0.starts(with: folder) }
    }
}
