"""errors.py - an exception for each error that the library gives."""
import errno

from layout import library


class JournalError(Exception):
    """One of the library's own codes; code, name and text say which."""

    code = None

    def __init__(self, code):
        super().__init__(text_of(code))
        self.code = code
        self.name = name_of(code)
        self.text = text_of(code)


# Where Python has a word for it, that will catch it too.
class End(JournalError): code = -1
class NotFound(JournalError, LookupError): code = -2
class Pruned(JournalError, LookupError): code = -3
class OutOfRange(JournalError, LookupError): code = -4
class Conflict(JournalError): code = -5
class Outdated(JournalError): code = -6
class TooBig(JournalError, ValueError): code = -7
class Full(JournalError): code = -8
class ReadOnly(JournalError): code = -9
class Busy(JournalError): code = -10
class Corrupt(JournalError): code = -11
class Failed(JournalError): code = -12
class Unsupported(JournalError): code = -13
class Timeout(JournalError, TimeoutError): code = -14
class Forked(JournalError): code = -15
class Exists(JournalError): code = -16


class Invalid(OSError, ValueError):
    """EINVAL: a mistake in the arguments."""


ERRORS = {error.code: error for error in JournalError.__subclasses__()}


def name_of(result):
    return library.journal_errname(result).decode()


def text_of(result):
    return library.journal_strerror(result).decode()


def exception_of(result):
    if result < 0:
        return ERRORS.get(result, JournalError)(result)
    if result == errno.ENOMEM:
        return MemoryError(text_of(result))
    kind = Invalid if result == errno.EINVAL else OSError
    return kind(result, text_of(result))


def check(result):
    if result != 0:
        raise exception_of(result)
