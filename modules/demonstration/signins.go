package demonstration

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"bookvault/platform/identity"
)

// SignIn is how to sign in as one of the four people of the demonstration library.
type SignIn struct {
	Role     string `json:"role"`
	Card     string `json:"card"`
	Password string `json:"password"`
}

// record is what demonstration.json keeps beside the database: the passwords, made at random, and how far the loading came.
type record struct {
	Loaded  bool     `json:"loaded"`
	SignIns []SignIn `json:"sign_ins"`
}

// The file's name in the data folder.
const recordName = "demonstration.json"

func readRecord(folder string) (r record, err error) {
	name := filepath.Join(folder, recordName)
	data, err := os.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		return record{}, nil
	}
	if err != nil {
		return record{}, fmt.Errorf("read the demonstration's sign-ins: %w", err)
	}
	if err := json.Unmarshal(data, &r); err != nil {
		return record{}, fmt.Errorf("read %s: %w (delete the file and the sign-ins in it are forgotten)", name, err)
	}
	return r, nil
}

// writeRecord writes the file whole or not at all, readable by its owner only: it holds passwords.
func writeRecord(folder string, r record) (err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("keep the demonstration's sign-ins in %s: %w", folder, err)
		}
	}()
	data, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	f, err := os.CreateTemp(folder, recordName+".*") // made with mode 0600
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(f.Name()) }() // gone already when all went well
	_, err = f.Write(append(data, '\n'))
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), filepath.Join(folder, recordName))
}

// newSignIns makes one sign-in a role, with passwords that nobody can guess.
func newSignIns() []SignIn {
	var all []SignIn
	for _, role := range []identity.Role{identity.Patron, identity.Desk, identity.Librarian, identity.Administrator} {
		card := role.String()
		if role == identity.Administrator {
			card = "admin"
		}
		all = append(all, SignIn{Role: role.String(), Card: card, Password: newPassword()})
	}
	return all
}

// newPassword gives twelve letters and digits in groups of four, 60 bits at random. The alphabet leaves out what is easily
// taken for something else.
func newPassword() string {
	const alphabet = "23456789abcdefghijkmnpqrstuvwxyz" // 32, so that a byte's low five bits choose evenly
	random, password := make([]byte, 12), make([]byte, 0, 14)
	_, _ = rand.Read(random) // never fails (crypto/rand)
	for i, b := range random {
		if i > 0 && i%4 == 0 {
			password = append(password, '-')
		}
		password = append(password, alphabet[b&31])
	}
	return string(password)
}
