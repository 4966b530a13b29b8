/*
 * check.hpp - claims, and what they are checked with.
 *
 * A claim is a function of the path of a journal that is not there yet.  Each
 * CHECK counts; one that fails prints its line, and the claim goes on.
 */
#ifndef CHECK_HPP
#define CHECK_HPP

#include <iostream>
#include <string>
#include <system_error>

struct counts {
    int passed = 0;
    int failed = 0;
};

extern counts counted;

inline bool
check_that(bool so, const char *words, const char *file, int line)
{
    so ? counted.passed++ : counted.failed++;
    if (!so)
        std::cout << file << ':' << line << ": not so: " << words << std::endl;
    return so;
}

#define CHECK(...) check_that((__VA_ARGS__), #__VA_ARGS__, __FILE__, __LINE__)

/* Makes a claim, in a path named for it. */
#define CLAIM(claim) claim_that(claim, #claim, directory)

inline void
claim_that(void (*claim)(const std::string &), const std::string &name,
           const std::string &directory)
{
    try {
        claim(directory + "/" + name);
    } catch (const std::exception &error) {
        std::cout << name << ": " << error.what() << std::endl;
        counted.failed++;
    }
}

/* What CALL throws; nothing is no error. */
template <typename Call>
std::error_code
error_of(Call call)
{
    try {
        call();
    } catch (const std::system_error &error) {
        return error.code();
    }
    return {};
}

template <typename Error, typename Call>
bool
throws(Call call)
{
    try {
        call();
    } catch (const Error &) {
        return true;
    }
    return false;
}

void use(const std::string &directory);
void misuse(const std::string &directory);

#endif
