module notarykit.test/root

go 1.23
