// JournalException.java - a result of libjournal's as an exception.

/** What failed: one of libjournal's codes, or an errno. */
final class JournalException extends RuntimeException {
    private static final long serialVersionUID = 1;

    /** The codes of enum journal_error, and ERRNO for all the others. */
    enum Code {
        ERRNO(0), END(-1), NOT_FOUND(-2), PRUNED(-3), OUT_OF_RANGE(-4),
        CONFLICT(-5), OUTDATED(-6), TOO_BIG(-7), FULL(-8), READ_ONLY(-9),
        BUSY(-10), CORRUPT(-11), FAILED(-12), UNSUPPORTED(-13), TIMEOUT(-14),
        FORKED(-15), EXISTS(-16);

        final int result;

        Code(int result) {
            this.result = result;
        }

        private static Code of(int result) {
            for (Code code : values()) {
                if (code.result == result) {
                    return code;
                }
            }
            return ERRNO;
        }
    }

    private final int result;
    private final String name;

    JournalException(int result) {
        super(LibJournal.C.journal_errname(result) + ": " +
            LibJournal.C.journal_strerror(result));
        this.result = result;
        this.name = LibJournal.C.journal_errname(result);
    }

    /** For a switch. */
    Code code() {
        return Code.of(result);
    }

    /** As C has it: negative, or an errno. */
    int result() {
        return result;
    }

    /** "JOURNAL_PRUNED", "ENOENT". */
    String codeName() {
        return name;
    }

    static void check(int result) {
        if (result != 0) {
            throw new JournalException(result);
        }
    }
}
