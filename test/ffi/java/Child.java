// Child.java - what another process does while a claim is tried.

final class Child {
    private Child() { }

    public static void main(String[] arguments) {
        switch (arguments[0]) {
        case "append" -> append(arguments[1], Integer.parseInt(arguments[2]));
        case "open" -> open(arguments[1]);
        default -> throw new IllegalArgumentException(arguments[0]);
        }
    }

    private static void append(String path, int count) {
        try (Journal journal = Journal.open(path)) {
            for (int i = 0; i < count; i++) {
                journal.append(i % 2 == 0 ? "even" : "odd", "" + i);
            }
        }
    }

    /** Prints how an open to read, and then one to write, went. */
    private static void open(String path) {
        for (int flags : new int[] {Journal.READ_ONLY, 0}) {
            try {
                Journal.open(path, options -> options.flags = flags).close();
                System.out.print("opened ");
            } catch (JournalException e) {
                System.out.print(e.codeName() + " ");
            }
        }
    }
}
