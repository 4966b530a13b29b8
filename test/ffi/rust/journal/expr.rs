//! expr.rs - key expressions, those of Zenoh.
use crate::entry::bytes;
use crate::error::{check, Result};
use crate::sys;

/// Whether it is an expression in its canonical form.
pub fn is_canonical<E: AsRef<[u8]>>(expr: E) -> bool {
    let expr = expr.as_ref();
    unsafe { sys::journal_expr_check(bytes(expr), expr.len()) == 0 }
}

/// The canonical form; `Error::INVALID` if it is no expression.
pub fn canonical<E: AsRef<[u8]>>(expr: E) -> Result<Vec<u8>> {
    let mut expr = expr.as_ref().to_vec();
    let mut size = expr.len();
    check(unsafe {
        sys::journal_expr_canonize(expr.as_mut_ptr().cast(), &mut size)
    })?;
    expr.truncate(size);
    Ok(expr)
}

type Relation = unsafe extern "C" fn(
    *const std::os::raw::c_void,
    usize,
    *const std::os::raw::c_void,
    usize,
) -> std::os::raw::c_int;

fn holds<A, B>(relation: Relation, a: A, b: B) -> bool
where
    A: AsRef<[u8]>,
    B: AsRef<[u8]>,
{
    let (a, b) = (a.as_ref(), b.as_ref());
    unsafe { relation(bytes(a), a.len(), bytes(b), b.len()) == 1 }
}

/// Whether a key matches.
pub fn matches<E: AsRef<[u8]>, K: AsRef<[u8]>>(expr: E, key: K) -> bool {
    holds(sys::journal_expr_matches, expr, key)
}

/// Whether some key matches both.
pub fn intersects<A: AsRef<[u8]>, B: AsRef<[u8]>>(a: A, b: B) -> bool {
    holds(sys::journal_expr_intersects, a, b)
}

/// Whether each key that matches `b` matches `a` too.
pub fn includes<A: AsRef<[u8]>, B: AsRef<[u8]>>(a: A, b: B) -> bool {
    holds(sys::journal_expr_includes, a, b)
}
