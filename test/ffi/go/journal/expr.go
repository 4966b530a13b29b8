// expr.go - key expressions, those of Zenoh.

package journal

// #include <journal.h>
import "C"

import "unsafe"

// ExprIsCanonical says whether it is an expression in its canonical form.
func ExprIsCanonical(expr string) bool {
	e := addressable([]byte(expr))
	return C.journal_expr_check(unsafe.Pointer(&e[0]), C.size_t(len(expr))) == 0
}

// ExprCanonical returns the canonical form; syscall.EINVAL if it is no
// expression.
func ExprCanonical(expr string) (string, error) {
	e := addressable([]byte(expr))
	size := C.size_t(len(expr))
	result := C.journal_expr_canonize(unsafe.Pointer(&e[0]), &size)
	if result != 0 {
		return "", failure("expression "+expr, result)
	}
	return string(e[:size]), nil
}

// ExprMatches says whether a key matches.
func ExprMatches(expr, key string) bool {
	e, k := addressable([]byte(expr)), addressable([]byte(key))
	return C.journal_expr_matches(unsafe.Pointer(&e[0]), C.size_t(len(expr)),
		unsafe.Pointer(&k[0]), C.size_t(len(key))) == 1
}

// ExprIntersects says whether some key matches both.
func ExprIntersects(a, b string) bool {
	x, y := addressable([]byte(a)), addressable([]byte(b))
	return C.journal_expr_intersects(unsafe.Pointer(&x[0]), C.size_t(len(a)),
		unsafe.Pointer(&y[0]), C.size_t(len(b))) == 1
}

// ExprIncludes says whether each key that matches b matches a too.
func ExprIncludes(a, b string) bool {
	x, y := addressable([]byte(a)), addressable([]byte(b))
	return C.journal_expr_includes(unsafe.Pointer(&x[0]), C.size_t(len(a)),
		unsafe.Pointer(&y[0]), C.size_t(len(b))) == 1
}
