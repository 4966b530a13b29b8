module example.org/libjournal

go 1.19
