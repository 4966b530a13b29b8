// Test.java - libjournal through JNA: each claim is a method that gets an empty
// place on the disk.
//
//     JOURNAL_WORK=directory java -cp jna.jar:classes Test
//
// Prints what does not hold, and "N passed, M failed" at the end.

final class Test {
    private Test() { }

    public static void main(String[] arguments) {
        Check.run(WritingClaims.class);
        Check.run(ReadingClaims.class);
        Check.run(UpkeepClaims.class);
        Check.run(MisuseClaims.class);
        System.exit(Check.result());
    }
}
