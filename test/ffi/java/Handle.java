// Handle.java - who uses a pointer of libjournal's, and when it is given back.

import com.sun.jna.Pointer;
import java.lang.ref.Cleaner;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.function.Consumer;
import java.util.function.ToIntFunction;

/**
 * A pointer that is closed once, when nobody is in a call on it.
 *
 * <p>The lock is for the garbage collector too: an object may be collected
 * while its last method is still in C, and its Cleaner then waits here.
 */
final class Handle implements Runnable {
    private static final Cleaner CLEANER = Cleaner.create();

    private final ReentrantReadWriteLock lock = new ReentrantReadWriteLock();
    private final Lock use;
    private final Consumer<Pointer> close;
    private Pointer pointer;

    /** A pointer that any number of threads may use at the same time. */
    static Handle shared(Pointer pointer, Consumer<Pointer> close) {
        return new Handle(pointer, close, true);
    }

    /** A pointer that one thread may use at a time. */
    static Handle exclusive(Pointer pointer, Consumer<Pointer> close) {
        return new Handle(pointer, close, false);
    }

    private Handle(Pointer pointer, Consumer<Pointer> close, boolean shared) {
        this.pointer = pointer;
        this.close = close;
        this.use = shared ? lock.readLock() : lock.writeLock();
    }

    /** Closed when the garbage collector finds that OWNER is not used. */
    Cleaner.Cleanable ownedBy(Object owner) {
        return CLEANER.register(owner, this);
    }

    int call(ToIntFunction<Pointer> function) {
        use.lock();
        try {
            if (pointer == null) {
                throw new IllegalStateException("is closed");
            }
            return function.applyAsInt(pointer);
        } finally {
            use.unlock();
        }
    }

    /** Not from within a callback: it would wait for itself. */
    void refuseWithinCall() {
        if (lock.getReadHoldCount() > 0) {
            throw new IllegalStateException("closed within a call on it");
        }
    }

    @Override
    public void run() {
        lock.writeLock().lock();
        try {
            if (pointer != null) {
                close.accept(pointer);
                pointer = null;
            }
        } finally {
            lock.writeLock().unlock();
        }
    }
}
