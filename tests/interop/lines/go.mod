module notarykit.example/lines

go 1.23.0
