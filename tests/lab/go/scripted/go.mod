module ronde.dev/lab/scripted

go 1.24.0

require golang.org/x/crypto v0.36.0

require golang.org/x/sys v0.31.0 // indirect
