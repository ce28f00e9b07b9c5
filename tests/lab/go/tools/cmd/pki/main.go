// Command pki writes the keys and certificates of one cluster into a folder: a CA, one server
// certificate for loopback, and a client certificate for each NAME=USER[/GROUP] given.
// What is there already is kept, so it may run at every start.
package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"log"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"
)

const life = 365 * 24 * time.Hour

func main() {
	log.SetFlags(0)
	log.SetPrefix("pki: ")
	if len(os.Args) < 2 {
		log.Fatal("usage: pki DIR [NAME=USER[/GROUP]…]")
	}
	if err := run(os.Args[1], os.Args[2:]); err != nil {
		log.Fatal(err)
	}
}

func run(dir string, clients []string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	ca, caKey, err := authority(dir)
	if err != nil {
		return err
	}
	server := template("lab-server", "")
	server.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}
	server.DNSNames = []string{"localhost", "node1", "kubernetes.default.svc", "metrics-server.kube-system.svc"}
	server.IPAddresses = []net.IP{net.IPv4(127, 0, 0, 1)}
	if err := issue(dir, "server", server, ca, caKey); err != nil {
		return err
	}
	for _, client := range clients {
		name, subject, ok := strings.Cut(client, "=")
		if !ok {
			return fmt.Errorf("%q: expected NAME=USER[/GROUP]", client)
		}
		user, group := subject, ""
		// The group follows the last "/": users such as system:node:node1 hold colons themselves.
		if i := strings.LastIndex(subject, "/"); i >= 0 {
			user, group = subject[:i], subject[i+1:]
		}
		cert := template(user, group)
		cert.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
		if err := issue(dir, name, cert, ca, caKey); err != nil {
			return err
		}
	}
	return serviceAccountKey(filepath.Join(dir, "sa.key"))
}

func template(user, group string) *x509.Certificate {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		log.Fatal(err)
	}
	subject := pkix.Name{CommonName: user}
	if group != "" {
		subject.Organization = []string{group}
	}
	return &x509.Certificate{
		SerialNumber: serial,
		Subject:      subject,
		NotBefore:    time.Now().Add(-time.Hour),
		NotAfter:     time.Now().Add(life),
		KeyUsage:     x509.KeyUsageDigitalSignature,
	}
}

func authority(dir string) (*x509.Certificate, *ecdsa.PrivateKey, error) {
	certFile, keyFile := filepath.Join(dir, "ca.crt"), filepath.Join(dir, "ca.key")
	if !exists(keyFile) || !exists(certFile) {
		cert := template("ronde-lab", "")
		cert.IsCA = true
		cert.BasicConstraintsValid = true
		cert.KeyUsage |= x509.KeyUsageCertSign
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			return nil, nil, err
		}
		if err := sign(dir, "ca", cert, cert, key, key); err != nil {
			return nil, nil, err
		}
	}
	certDER, err := readPEM(certFile)
	if err != nil {
		return nil, nil, err
	}
	cert, err := x509.ParseCertificate(certDER)
	if err != nil {
		return nil, nil, err
	}
	keyDER, err := readPEM(keyFile)
	if err != nil {
		return nil, nil, err
	}
	key, err := x509.ParseECPrivateKey(keyDER)
	return cert, key, err
}

func issue(dir, name string, cert, ca *x509.Certificate, caKey *ecdsa.PrivateKey) error {
	if exists(filepath.Join(dir, name+".crt")) && exists(filepath.Join(dir, name+".key")) {
		return nil
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	return sign(dir, name, cert, ca, key, caKey)
}

func sign(dir, name string, cert, ca *x509.Certificate, key, caKey *ecdsa.PrivateKey) error {
	certDER, err := x509.CreateCertificate(rand.Reader, cert, ca, &key.PublicKey, caKey)
	if err != nil {
		return err
	}
	keyDER, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return err
	}
	if err := writePEM(filepath.Join(dir, name+".key"), "EC PRIVATE KEY", keyDER, 0o600); err != nil {
		return err
	}
	return writePEM(filepath.Join(dir, name+".crt"), "CERTIFICATE", certDER, 0o644)
}

func serviceAccountKey(file string) error {
	if exists(file) {
		return nil
	}
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return err
	}
	return writePEM(file, "RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(key), 0o600)
}

func writePEM(file, kind string, der []byte, mode os.FileMode) error {
	return os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), mode)
}

func readPEM(file string) ([]byte, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, fmt.Errorf("%s: no PEM block", file)
	}
	return block.Bytes, nil
}

func exists(file string) bool {
	_, err := os.Stat(file)
	return err == nil
}
