package region

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"
)

// certificates issues the listeners' certificates from an authority of this
// region's own, whose certificate a developer may choose to trust.
type certificates struct {
	file      string // of the authority's certificate
	authority *x509.Certificate
	key       *ecdsa.PrivateKey

	mu     sync.Mutex
	issued map[string]*tls.Config
}

// The lives of certificates. What is issued lives in memory only.
const (
	authorityLife = 10 * 365 * 24 * time.Hour
	issuedLife    = 90 * 24 * time.Hour
)

// openCertificates reads the authority of a directory, or makes it.
func openCertificates(dir string) (*certificates, error) {
	c := &certificates{file: filepath.Join(dir, "authority.pem"), issued: map[string]*tls.Config{}}
	data, err := os.ReadFile(filepath.Join(dir, "authority.key"))
	if errors.Is(err, fs.ErrNotExist) {
		return c, c.found(dir)
	}
	if err != nil {
		return nil, fmt.Errorf("read the local certificate authority: %w", err)
	}
	block, _ := pem.Decode(data)
	if block == nil {
		return c, c.found(dir)
	}
	if c.key, err = x509.ParseECPrivateKey(block.Bytes); err != nil {
		return nil, fmt.Errorf("read the local certificate authority: %w", err)
	}
	text, err := os.ReadFile(c.file)
	if errors.Is(err, fs.ErrNotExist) {
		return c, c.found(dir)
	}
	if err != nil {
		return nil, fmt.Errorf("read the local certificate authority: %w", err)
	}
	if block, _ = pem.Decode(text); block == nil {
		return c, c.found(dir)
	}
	c.authority, err = x509.ParseCertificate(block.Bytes)
	return c, err
}

// found makes a new authority.
func (c *certificates) found(dir string) (err error) {
	if c.key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
		return err
	}
	t := template("ecsail local region", authorityLife)
	t.IsCA, t.BasicConstraintsValid, t.KeyUsage = true, true, x509.KeyUsageCertSign
	der, err := x509.CreateCertificate(rand.Reader, t, t, c.key.Public(), c.key)
	if err != nil {
		return err
	}
	if c.authority, err = x509.ParseCertificate(der); err != nil {
		return err
	}
	key, err := x509.MarshalECPrivateKey(c.key)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("keep the local certificate authority: %w", err)
	}
	if err := os.WriteFile(filepath.Join(dir, "authority.pem"), pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600); err != nil {
		return fmt.Errorf("keep the local certificate authority: %w", err)
	}
	return os.WriteFile(filepath.Join(dir, "authority.key"), pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: key}), 0o600)
}

func template(name string, life time.Duration) *x509.Certificate {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		serial = big.NewInt(time.Now().UnixNano()) // unique enough for one machine
	}
	return &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(life),
	}
}

// config serves a certificate for some names. The same names have the same
// configuration, so that nothing changes when nothing is new.
func (c *certificates) config(names []string) *tls.Config {
	slices.Sort(names)
	names = slices.Compact(names)
	id := strings.Join(names, " ")
	c.mu.Lock()
	defer c.mu.Unlock()
	if have := c.issued[id]; have != nil {
		return have
	}
	cfg := &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: c.issuer(names)}
	c.issued[id] = cfg
	return cfg
}

// issuer issues when it is first asked, and again before what it issued ends.
func (c *certificates) issuer(names []string) func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	var mu sync.Mutex
	var have *tls.Certificate
	return func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
		mu.Lock()
		defer mu.Unlock()
		if have != nil && time.Until(have.Leaf.NotAfter) > 24*time.Hour {
			return have, nil
		}
		var err error
		have, err = c.issue(names)
		return have, err
	}
}

func (c *certificates) issue(names []string) (*tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	t := template(names[0], issuedLife)
	t.DNSNames, t.KeyUsage, t.ExtKeyUsage = names, x509.KeyUsageDigitalSignature, []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	der, err := x509.CreateCertificate(rand.Reader, t, c.authority, key.Public(), c.key)
	if err != nil {
		return nil, err
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, err
	}
	return &tls.Certificate{Certificate: [][]byte{der, c.authority.Raw}, PrivateKey: key, Leaf: leaf}, nil
}
