// Check.java - what the claims use: counted checks, places on the disk, other
// processes.

import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.stream.Collectors;
import java.util.stream.StreamSupport;

final class Check {
    private static int passed;
    private static int failed;
    private static String claim;

    /** What may throw anything. */
    interface Body {
        void run() throws Exception;
    }

    private Check() { }

    private static synchronized void count(boolean holds, String words) {
        if (holds) {
            passed++;
            return;
        }
        failed++;
        StackTraceElement at = Arrays.stream(new Throwable().getStackTrace())
            .filter(frame -> !frame.getClassName().equals("Check"))
            .findFirst().orElseThrow();
        System.out.println(claim + ": " + words + " (" + at + ")");
    }

    static void ok(boolean condition) {
        count(condition, "does not hold");
    }

    /** Bytes are equal to the string of them in Latin 1. */
    static void equal(Object got, Object expected) {
        Object a = plain(got);
        Object b = plain(expected);
        count(Objects.equals(a, b), "got " + a + ", expected " + b);
    }

    private static Object plain(Object value) {
        if (value instanceof byte[] bytes) {
            return new String(bytes, StandardCharsets.ISO_8859_1);
        }
        return value instanceof Integer number ? (Object) number.longValue()
            : value;
    }

    /** BODY throws a JournalException of this name, without JOURNAL_. */
    static void raises(String name, Body body) {
        String got = "nothing";
        try {
            body.run();
        } catch (JournalException e) {
            got = e.codeName().replaceFirst("^JOURNAL_", "");
        } catch (Exception e) {
            got = e.toString();
        }
        count(got.equals(name), "threw " + got + ", expected " + name);
    }

    static void refuses(Class<? extends Exception> type, Body body) {
        Exception got = null;
        try {
            body.run();
        } catch (Exception e) {
            got = e;
        }
        count(type.isInstance(got), "threw " + got + ", expected " + type);
    }

    static String place(String name) {
        return System.getenv("JOURNAL_WORK") + "/" + claim + "-" + name;
    }

    static String place() {
        return place("j");
    }

    static String values(Iterable<Entry> entries) {
        return StreamSupport.stream(entries.spliterator(), false)
            .map(entry -> entry.tombstone() ? "-" : entry.valueText())
            .collect(Collectors.joining(" "));
    }

    /** Changes a byte in all that the files in PATH hold of NEEDLE. */
    static void damage(String path, String needle) throws IOException {
        for (String name : new String[] {"data.mdb", "tail"}) {
            Path file = Path.of(path, name);
            String bytes = new String(Files.readAllBytes(file),
                StandardCharsets.ISO_8859_1);
            String other = "#" + needle.substring(1);
            Files.write(file, bytes.replace(needle, other)
                .getBytes(StandardCharsets.ISO_8859_1));
        }
    }

    /** Another process, in the class Child. */
    static Process child(String... arguments) throws IOException {
        List<String> command = new ArrayList<>(List.of(
            System.getProperty("java.home") + "/bin/java", "-cp",
            System.getProperty("java.class.path"), "Child"));
        command.addAll(List.of(arguments));
        return new ProcessBuilder(command)
            .redirectError(ProcessBuilder.Redirect.INHERIT).start();
    }

    static String outputOf(Process process) throws Exception {
        String output = new String(process.getInputStream().readAllBytes(),
            StandardCharsets.UTF_8);
        equal(process.waitFor(), 0);
        return output;
    }

    /** Each method of CLAIMS that takes nothing and is not private. */
    static void run(Class<?> claims) {
        Arrays.stream(claims.getDeclaredMethods())
            .filter(method -> method.getParameterCount() == 0 &&
                !Modifier.isPrivate(method.getModifiers()) &&
                !method.isSynthetic())
            .sorted(Comparator.comparing(Method::getName))
            .forEach(Check::runOne);
    }

    private static void runOne(Method method) {
        claim = method.getName();
        try {
            method.invoke(null);
        } catch (InvocationTargetException e) {
            failed++;
            System.out.println(claim + ":");
            e.getCause().printStackTrace(System.out);
        } catch (IllegalAccessException e) {
            throw new AssertionError(e);
        }
    }

    static int result() {
        System.out.println(passed + " passed, " + failed + " failed");
        return failed == 0 ? 0 : 1;
    }
}
