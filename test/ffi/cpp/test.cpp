/* test.cpp - does libjournal keep its promises to a program in C++? */
#include "check.hpp"

#include <cstdlib>

counts counted;

int
main()
{
    const char *work = std::getenv("JOURNAL_WORK");

    if (work == nullptr) {
        std::cout << "JOURNAL_WORK names no directory\n";
        return 2;
    }
    use(work);
    misuse(work);
    std::cout << counted.passed << " passed, " << counted.failed << " failed\n";
    return counted.failed == 0 ? 0 : 1;
}
