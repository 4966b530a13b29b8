//! progress.rs - a closure that is told how far a long call has come.
use crate::sys;
use std::any::Any;
use std::ops::ControlFlow;
use std::os::raw::{c_int, c_void};
use std::panic::{self, AssertUnwindSafe};

/// The closure, and the panic that it ended with.
struct Told<F> {
    progress: F,
    panic: Option<Box<dyn Any + Send>>,
}

/// A panic must not unwind through C: it is kept, and C told to stop.
extern "C" fn tell<F>(context: *mut c_void, done: u64, total: u64) -> c_int
where
    F: FnMut(u64, u64) -> ControlFlow<()>,
{
    // Safety: with_progress() has handed in a Told of the same F, and is on the
    // stack for as long as the call lasts.
    let told = unsafe { &mut *context.cast::<Told<F>>() };
    let progress = AssertUnwindSafe(|| (told.progress)(done, total));
    match panic::catch_unwind(progress) {
        Ok(ControlFlow::Continue(())) => 0,
        Ok(ControlFlow::Break(())) => 1,
        Err(panic) => {
            told.panic = Some(panic);
            1
        }
    }
}

/// Makes a call of C's with a progress function and its context, and goes on
/// with the closure's panic if there was one.
pub(crate) fn with_progress<F, C>(progress: F, call: C) -> c_int
where
    F: FnMut(u64, u64) -> ControlFlow<()>,
    C: FnOnce(Option<sys::Progress>, *mut c_void) -> c_int,
{
    let mut told = Told { progress, panic: None };
    let context: *mut Told<F> = &mut told;
    let result = call(Some(tell::<F>), context.cast());
    if let Some(panic) = told.panic {
        panic::resume_unwind(panic);
    }
    result
}
