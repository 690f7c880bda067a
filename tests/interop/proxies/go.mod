module notarykit.test/proxies

go 1.23.0
