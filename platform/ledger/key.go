package ledger

import (
	"crypto/ed25519"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// keyBlock is the PEM type of a private key in PKCS 8, as openssl reads it.
const keyBlock = "PRIVATE KEY"

// OpenKey reads the private key that anchors are signed with, and makes one where there is none. The file is for the server's own user
// alone (0600): one that others may read is refused.
func OpenKey(file string) (ed25519.PrivateKey, error) {
	key, err := readKey(file)
	if !errors.Is(err, fs.ErrNotExist) {
		return key, err
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		return nil, fmt.Errorf("make a folder for the key of the ledger: %w", err)
	}
	_, fresh, err := ed25519.GenerateKey(nil)
	if err != nil {
		return nil, fmt.Errorf("make a key for the ledger: %w", err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(fresh)
	if err != nil {
		return nil, fmt.Errorf("make a key for the ledger: %w", err)
	}
	// Written aside and linked into its place, so that of two processes that begin at once both use one key, and no half of one.
	aside, err := os.CreateTemp(filepath.Dir(file), ".key-*") // 0600
	if err != nil {
		return nil, fmt.Errorf("keep the key of the ledger: %w", err)
	}
	defer func() { _ = os.Remove(aside.Name()) }()
	err = errors.Join(pem.Encode(aside, &pem.Block{Type: keyBlock, Bytes: der}), aside.Sync(), aside.Close())
	if err == nil {
		err = os.Link(aside.Name(), file)
	}
	if err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, fmt.Errorf("keep the key of the ledger: %w", err)
	}
	return readKey(file)
}

func readKey(file string) (ed25519.PrivateKey, error) {
	info, err := os.Stat(file)
	if err != nil {
		return nil, fmt.Errorf("read the key of the ledger: %w", err)
	}
	if info.Mode().Perm()&0o077 != 0 {
		return nil, fmt.Errorf("the key of the ledger, %s, can be read by others (mode %04o): chmod 600 it, and take it for known to whoever could read it", file, info.Mode().Perm())
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("read the key of the ledger: %w", err)
	}
	block, _ := pem.Decode(text)
	if block == nil || block.Type != keyBlock {
		return nil, fmt.Errorf("the key of the ledger, %s, is no PEM file with a %s", file, keyBlock)
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("the key of the ledger, %s: %w", file, err)
	}
	key, ok := parsed.(ed25519.PrivateKey)
	if !ok {
		return nil, fmt.Errorf("the key of the ledger, %s, is a %T: it must be of ed25519", file, parsed)
	}
	return key, nil
}

// PublicKey gives the public half of the key in a file, without making one.
func PublicKey(file string) (ed25519.PublicKey, error) {
	key, err := readKey(file)
	if err != nil {
		return nil, err
	}
	return key.Public().(ed25519.PublicKey), nil
}

// ParsePublicKey reads a public key as anchors name it: 64 hexadecimal digits.
func ParsePublicKey(text string) (ed25519.PublicKey, error) {
	raw, err := hex.DecodeString(text)
	if err != nil || len(raw) != ed25519.PublicKeySize {
		return nil, fmt.Errorf("%q is no public key: it has 64 hexadecimal digits, as in the line key of an anchor", text)
	}
	return raw, nil
}
