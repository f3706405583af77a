package region

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

func authorityOf(t *testing.T, dir string) *certificates {
	t.Helper()
	c, err := openCertificates(dir)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func issuedBy(t *testing.T, cfg *tls.Config) *tls.Certificate {
	t.Helper()
	cert, err := cfg.GetCertificate(&tls.ClientHelloInfo{})
	if err != nil {
		t.Fatal(err)
	}
	return cert
}

// trusted is who believes the authority whose certificate a file has.
func trusted(t *testing.T, file string) *x509.CertPool {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(data) {
		t.Fatalf("%s has no certificate", file)
	}
	return pool
}

func TestCertificatesAreFromTheAuthority(t *testing.T) {
	c := authorityOf(t, t.TempDir())
	leaf := issuedBy(t, c.config([]string{"lb.example", "localhost", "shop.test"})).Leaf
	for _, name := range []string{"lb.example", "localhost", "shop.test"} {
		if _, err := leaf.Verify(x509.VerifyOptions{DNSName: name, Roots: trusted(t, c.file)}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := leaf.Verify(x509.VerifyOptions{DNSName: "other.test", Roots: trusted(t, c.file)}); err == nil {
		t.Error("other.test is on the certificate")
	}
	other := authorityOf(t, t.TempDir())
	if _, err := leaf.Verify(x509.VerifyOptions{DNSName: "localhost", Roots: trusted(t, other.file)}); err == nil {
		t.Error("another region's authority vouches for it")
	}
	if leaf.IsCA {
		t.Error("a listener's certificate is an authority")
	}
}

func TestTheAuthorityStays(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "certificates")
	first := authorityOf(t, dir)
	second := authorityOf(t, dir)
	if !bytes.Equal(first.authority.Raw, second.authority.Raw) || first.file != second.file {
		t.Error("another authority after reopening")
	}
	leaf := issuedBy(t, second.config([]string{"localhost"})).Leaf
	if _, err := leaf.Verify(x509.VerifyOptions{DNSName: "localhost", Roots: trusted(t, first.file)}); err != nil {
		t.Error(err)
	}
	if info, err := os.Stat(filepath.Join(dir, "authority.key")); err != nil || info.Mode().Perm()&0o077 != 0 {
		t.Errorf("the key is open to others: %v %v", info.Mode(), err)
	}
}

// What a crash may leave of the files gives way to a new authority; a key that
// is no key is somebody's mistake.
func TestABrokenAuthority(t *testing.T) {
	pemOf := func(text string) []byte { return pem.EncodeToMemory(&pem.Block{Type: "X", Bytes: []byte(text)}) }
	for name, c := range map[string]struct {
		file    string
		content []byte
		anew    bool
	}{
		"empty key":         {"authority.key", nil, true},
		"empty certificate": {"authority.pem", nil, true},
		"no key":            {"authority.key", pemOf("no key"), false},
		"no certificate":    {"authority.pem", pemOf("no certificate"), false},
	} {
		dir := t.TempDir()
		old := authorityOf(t, dir)
		if err := os.WriteFile(filepath.Join(dir, c.file), c.content, 0o600); err != nil {
			t.Fatal(err)
		}
		now, err := openCertificates(dir)
		if (err == nil) != c.anew {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if !c.anew {
			continue
		}
		if bytes.Equal(old.authority.Raw, now.authority.Raw) {
			t.Errorf("%s: the old authority", name)
		}
		if _, err := issuedBy(t, now.config([]string{"localhost"})).Leaf.Verify(x509.VerifyOptions{DNSName: "localhost", Roots: trusted(t, now.file)}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestTheSameNamesHaveTheSameConfiguration(t *testing.T) {
	c := authorityOf(t, t.TempDir())
	first := c.config([]string{"localhost", "a.test"})
	if c.config([]string{"a.test", "localhost", "a.test"}) != first {
		t.Error("the order of names, or one twice, makes a difference")
	}
	if c.config([]string{"localhost"}) == first {
		t.Error("other names have the same configuration")
	}
	if got := issuedBy(t, first).Leaf.DNSNames; !slices.Equal(got, []string{"a.test", "localhost"}) {
		t.Errorf("names %q", got)
	}
}

func TestCertificatesAreIssuedAgainBeforeTheyEnd(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		c := authorityOf(t, dir)
		cfg := c.config([]string{"localhost"})
		first := issuedBy(t, cfg)
		time.Sleep(issuedLife - 25*time.Hour)
		if issuedBy(t, cfg) != first {
			t.Error("issued again for nothing")
		}
		time.Sleep(2 * time.Hour)
		second := issuedBy(t, cfg)
		if second == first {
			t.Fatalf("still the one that ends at %s, and it is %s", first.Leaf.NotAfter, time.Now())
		}
		if _, err := second.Leaf.Verify(x509.VerifyOptions{DNSName: "localhost", Roots: trusted(t, c.file), CurrentTime: time.Now().Add(issuedLife - time.Hour)}); err != nil {
			t.Error(err)
		}
	})
}
