// Command silent listens, accepts every connection and never says a word: what a host does whose kernel lives and whose sshd does not.
package main

import (
	"flag"
	"io"
	"log"
	"net"
)

func main() {
	listen := flag.String("listen", "127.0.0.1:0", "address to listen on")
	flag.Parse()
	listener, err := net.Listen("tcp", *listen)
	if err != nil {
		log.Fatal(err)
	}
	for {
		connection, err := listener.Accept()
		if err != nil {
			log.Fatal(err)
		}
		go func() {
			defer connection.Close()
			// What the client sends is taken, so that it waits for an answer and not for room.
			_, _ = io.Copy(io.Discard, connection)
		}()
	}
}
