package members

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"strings"
)

// secretLength is the length of 256 bits in base64url without padding.
const secretLength = 43

// tokenPrefix marks API tokens, so that people and secret scanners recognise one that leaked.
const tokenPrefix = "bv_"

// newSecret makes a bearer secret of 256 random bits behind a prefix, and the hash under which it is stored.
func newSecret(prefix string) (secret string, hash []byte) {
	var random [32]byte
	_, _ = rand.Read(random[:]) // never fails: it stops the program instead
	secret = prefix + base64.RawURLEncoding.EncodeToString(random[:])
	return secret, sum(secret)
}

// sum is the stored form of a secret. A plain hash is enough: nobody guesses 256 random bits, however fast it is.
func sum(secret string) []byte {
	h := sha256.Sum256([]byte(secret))
	return h[:]
}

// readable tells whether text can be a secret with this prefix; what cannot is not even looked up.
func readable(text, prefix string) bool {
	rest, found := strings.CutPrefix(text, prefix)
	if !found || len(rest) != secretLength {
		return false
	}
	_, err := base64.RawURLEncoding.DecodeString(rest)
	return err == nil
}
