package seal_test

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"testing/iotest"

	"pgregory.net/rapid"

	"github.com/mlpsync/mlpsync/internal/seal"
)

// key returns a base64 key of 32 bytes that differ, made from one number.
func key(n byte) string {
	raw := make([]byte, 32)
	for i := range raw {
		raw[i] = n + byte(i)
	}
	return base64.StdEncoding.EncodeToString(raw)
}

func parse(t testing.TB, file string) *seal.Keys {
	t.Helper()
	k, err := seal.ParseKeyFile([]byte(file))
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func oneKey(t testing.TB) *seal.Keys {
	return parse(t, "key a "+key(1)+"\nindex "+key(100)+"\n")
}

func TestGenerate(t *testing.T) {
	file, err := seal.Generate(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	other, err := seal.Generate(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	k, k2 := parse(t, string(file)), parse(t, string(other))
	if k.InUse() == k2.InUse() || k.KeyIDs() != 1 {
		t.Errorf("key ids %s and %s, %d keys", k.InUse(), k2.InUse(), k.KeyIDs())
	}
	if _, err := k2.Open(k.Seal([]byte("x"), nil), nil); !errors.Is(err, seal.ErrUnknownKey) {
		t.Errorf("another file's key: %v, want ErrUnknownKey", err)
	}
	broken := errors.New("no entropy")
	if _, err := seal.Generate(iotest.ErrReader(broken)); !errors.Is(err, broken) {
		t.Errorf("failing source: %v", err)
	}
}

func TestParseKeyFileProblems(t *testing.T) {
	short := base64.StdEncoding.EncodeToString([]byte("sesame sesame"))
	zeros := base64.StdEncoding.EncodeToString(make([]byte, 32))
	tests := map[string]struct{ file, want string }{
		"empty":            {"# nothing\n", `no line "key ID BASE64"`},
		"no index":         {"key a " + key(1), `no line "index BASE64"`},
		"no key":           {"index " + key(1), `no line "key ID BASE64"`},
		"two index":        {"key a " + key(1) + "\nindex " + key(2) + "\nindex " + key(3), "line 3: a second index key"},
		"same id":          {"key a " + key(1) + "\nkey a " + key(2) + "\nindex " + key(3), "line 2: a key id that"},
		"same key":         {"key a " + key(1) + "\nindex " + key(1), "line 2: the same key"},
		"bad id":           {"key a/b " + key(1) + "\nindex " + key(2), "line 1: a key id is"},
		"short":            {"key a " + short + "\nindex " + key(2), "line 1: the key has 13 bytes instead of 32"},
		"not base64":       {"key a sesame!\nindex " + key(2), "line 1: the key is not standard base64"},
		"placeholder":      {"key a " + zeros + "\nindex " + key(2), "line 1: the key is a placeholder"},
		"unknown word":     {"keys a " + key(1) + "\nindex " + key(2), `line 1: expected "key ID BASE64"`},
		"all are reported": {"sesame\nkey a " + short, "line 2: the key has"},
	}
	for name, tt := range tests {
		_, err := seal.ParseKeyFile([]byte(tt.file))
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %q", name, err, tt.want)
			continue
		}
		for _, secret := range []string{"sesame", short, key(1), key(2)} {
			if strings.Contains(err.Error(), secret) {
				t.Errorf("%s: the error shows key material", name)
			}
		}
	}
}

func TestKeysDoNotPrint(t *testing.T) {
	k := oneKey(t)
	holder := struct{ k *seal.Keys }{k}
	for _, v := range []any{k, *k, holder, &holder} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%x"} {
			out := fmt.Sprintf(verb, v)
			if len(out) > 100 || strings.Contains(out, "1 2 3 4") || strings.Contains(out, "01020304") {
				t.Errorf("Sprintf(%s, %T) shows a key: %.80s", verb, v, out)
			}
		}
	}
}

func TestSealOpens(t *testing.T) {
	k := oneKey(t)
	rapid.Check(t, func(t *rapid.T) {
		plain := rapid.SliceOf(rapid.Byte()).Draw(t, "plain")
		aad := rapid.SliceOf(rapid.Byte()).Draw(t, "aad")
		sealed := k.Seal(plain, aad)
		got, err := k.Open(sealed, aad)
		if err != nil || !bytes.Equal(got, plain) {
			t.Fatalf("opened %x, %v", got, err)
		}
		if bytes.Equal(sealed, k.Seal(plain, aad)) {
			t.Fatal("the same text sealed twice gives the same bytes")
		}
		if _, err := k.Open(sealed, append(aad, 0)); !errors.Is(err, seal.ErrTampered) {
			t.Fatalf("other associated data: %v", err)
		}
	})
}

// The key id is a byte away from another known id, so that a changed id is found by
// authentication and not only by its being unknown.
func TestEveryByteOfAValueCounts(t *testing.T) {
	k := parse(t, "key a "+key(1)+"\nkey b "+key(2)+"\nindex "+key(100))
	aad := seal.AAD("dossier", "0212214917", "17", "payload")
	sealed := k.Seal([]byte("payload"), aad)
	for i := range sealed {
		for bit := range 8 {
			changed := bytes.Clone(sealed)
			changed[i] ^= 1 << bit
			_, err := k.Open(changed, aad)
			if !errors.Is(err, seal.ErrTampered) && !errors.Is(err, seal.ErrUnknownKey) {
				t.Fatalf("byte %d, bit %d: %v", i, bit, err)
			}
		}
		if _, err := k.Open(sealed[:i], aad); !errors.Is(err, seal.ErrTampered) {
			t.Fatalf("cut to %d bytes: %v", i, err)
		}
	}
	if _, err := k.Open(append(bytes.Clone(sealed), 0), aad); !errors.Is(err, seal.ErrTampered) {
		t.Fatalf("a byte added: %v", err)
	}
}

func TestRotation(t *testing.T) {
	before := oneKey(t)
	after := parse(t, "key b "+key(2)+"\nkey a "+key(1)+"\nindex "+key(100))
	old := before.Seal([]byte("old"), nil)
	if got, err := after.Open(old, nil); err != nil || string(got) != "old" {
		t.Fatalf("older value: %q, %v", got, err)
	}
	fresh := after.Seal([]byte("new"), nil)
	if id, ok := seal.SealedWith(fresh); !ok || id != "b" || after.InUse() != "b" || after.KeyIDs() != 2 {
		t.Errorf("sealed with %q, %v", id, ok)
	}
	if _, err := before.Open(fresh, nil); !errors.Is(err, seal.ErrUnknownKey) {
		t.Errorf("without the new key: %v, want ErrUnknownKey", err)
	}
	if before.Pseudonym("1", "2") != after.Pseudonym("1", "2") {
		t.Error("a new encryption key changed the pseudonyms")
	}
}

func TestAADPartsDoNotCollide(t *testing.T) {
	seen := map[string][]string{}
	for _, parts := range [][]string{nil, {""}, {"", ""}, {"ab", "c"}, {"a", "bc"}, {"abc"}, {"a\x02bc"}, {"a", "b", "c"}} {
		s := string(seal.AAD(parts...))
		if other, ok := seen[s]; ok {
			t.Errorf("%q and %q are the same", parts, other)
		}
		seen[s] = parts
	}
}

func sealStream(t testing.TB, k *seal.Keys, plain, aad []byte, write int) []byte {
	t.Helper()
	var out bytes.Buffer
	w, err := k.SealStream(&out, aad)
	if err != nil {
		t.Fatal(err)
	}
	for rest := plain; len(rest) > 0; {
		n := min(write, len(rest))
		if m, err := w.Write(rest[:n]); err != nil || m != n {
			t.Fatalf("write %d: %d, %v", n, m, err)
		}
		rest = rest[n:]
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func openStream(k *seal.Keys, sealed io.Reader, aad []byte) ([]byte, error) {
	r, err := k.OpenStream(sealed, aad)
	if err != nil {
		return nil, err
	}
	return io.ReadAll(r)
}

const chunk = 64 << 10

// headLen is magic, id length, an id of one letter, salt.
const headLen = 8 + 1 + 1 + 32

func TestStreamOpens(t *testing.T) {
	k := oneKey(t)
	for _, size := range []int{0, 1, chunk - 1, chunk, chunk + 1, 3 * chunk, 3*chunk + 7} {
		plain := make([]byte, size)
		_, _ = rand.Read(plain)
		for _, write := range []int{999, chunk, 5 * chunk} {
			sealed := sealStream(t, k, plain, []byte("aad"), write)
			got, err := openStream(k, iotest.HalfReader(bytes.NewReader(sealed)), []byte("aad"))
			if err != nil || !bytes.Equal(got, plain) {
				t.Errorf("size %d, writes of %d: %d bytes, %v", size, write, len(got), err)
			}
		}
		sealed := sealStream(t, k, plain, nil, chunk)
		if chunks := max(1, (size+chunk-1)/chunk); len(sealed) != headLen+size+16*chunks {
			t.Errorf("size %d: sealed to %d bytes", size, len(sealed))
		}
		if _, err := openStream(k, bytes.NewReader(sealed), []byte("x")); !errors.Is(err, seal.ErrTampered) {
			t.Errorf("size %d, other associated data: %v", size, err)
		}
	}
}

// refused: what was changed is not opened. A changed length of the key id can make
// one of the random bytes behind it look like part of an unknown id.
func refused(err error) bool {
	return errors.Is(err, seal.ErrTampered) || errors.Is(err, seal.ErrUnknownKey)
}

func TestEveryByteOfAStreamCounts(t *testing.T) {
	k := parse(t, "key a "+key(1)+"\nkey b "+key(2)+"\nindex "+key(100))
	sealed := sealStream(t, k, []byte("a short stream"), nil, chunk)
	for i := range sealed {
		changed := bytes.Clone(sealed)
		changed[i] ^= 3 // turns key id a into b, which exists
		if _, err := openStream(k, bytes.NewReader(changed), nil); !refused(err) {
			t.Fatalf("byte %d changed: %v", i, err)
		}
		if _, err := openStream(k, bytes.NewReader(sealed[:i]), nil); !errors.Is(err, seal.ErrTampered) {
			t.Fatalf("cut to %d bytes: %v", i, err)
		}
	}
}

func TestStreamChunksAreInOrderAndComplete(t *testing.T) {
	k := oneKey(t)
	plain := bytes.Repeat([]byte("0123456789abcdef"), 3*chunk/16)
	sealed := sealStream(t, k, plain, nil, chunk)
	at := func(i int) int { return headLen + i*(chunk+16) }
	join := func(parts ...[]byte) []byte { return bytes.Join(parts, nil) }
	head, c0, c1, c2 := sealed[:headLen], sealed[at(0):at(1)], sealed[at(1):at(2)], sealed[at(2):]
	for name, bad := range map[string][]byte{
		"last chunk missing": join(head, c0, c1), "all chunks missing": head,
		"swapped": join(head, c1, c0, c2), "repeated": join(head, c0, c0, c2), "first missing": join(head, c1, c2),
		"last repeated": join(head, c0, c1, c2, c2), "byte added": join(sealed, []byte{0}),
		"last chunk first": join(head, c2), "another stream behind": join(sealed, sealed),
	} {
		got, err := openStream(k, bytes.NewReader(bad), nil)
		if !errors.Is(err, seal.ErrTampered) {
			t.Errorf("%s: %v", name, err)
		}
		if !bytes.HasPrefix(plain, got) {
			t.Errorf("%s: handed out bytes that were not authenticated", name)
		}
	}
}

func TestUnclosedStreamIsRefused(t *testing.T) {
	k := oneKey(t)
	var out bytes.Buffer
	w, err := k.SealStream(&out, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(make([]byte, 2*chunk+1)); err != nil {
		t.Fatal(err)
	}
	if _, err := openStream(k, bytes.NewReader(out.Bytes()), nil); !errors.Is(err, seal.ErrTampered) {
		t.Errorf("opened without Close: %v", err)
	}
	if err := errors.Join(w.Close(), w.Close()); err != nil {
		t.Errorf("close twice: %v", err)
	}
	if _, err := w.Write([]byte("late")); err == nil {
		t.Error("a write after Close was taken")
	}
	if got, err := openStream(k, bytes.NewReader(out.Bytes()), nil); err != nil || len(got) != 2*chunk+1 {
		t.Errorf("after Close: %d bytes, %v", len(got), err)
	}
}

// fullDisk takes some bytes and then fails.
type fullDisk struct{ room int }

var errFull = errors.New("no space left")

func (d *fullDisk) Write(p []byte) (int, error) {
	if len(p) > d.room {
		return d.room, errFull
	}
	d.room -= len(p)
	return len(p), nil
}

func TestStreamSaysThatTheDiskIsFull(t *testing.T) {
	k := oneKey(t)
	for _, room := range []int{0, headLen, headLen + chunk + 16} {
		w, err := k.SealStream(&fullDisk{room}, nil)
		if err == nil {
			_, err = w.Write(make([]byte, 2*chunk))
			err = errors.Join(err, w.Close())
		}
		if !errors.Is(err, errFull) {
			t.Errorf("room for %d bytes: %v", room, err)
		}
	}
}

func TestReadErrorIsNotTampering(t *testing.T) {
	k := oneKey(t)
	sealed := sealStream(t, k, make([]byte, 2*chunk), nil, chunk)
	broken := errors.New("share went away")
	for _, n := range []int{0, 20, headLen, headLen + 10, headLen + chunk + 16, headLen + chunk + 50} {
		_, err := openStream(k, io.MultiReader(bytes.NewReader(sealed[:n]), iotest.ErrReader(broken)), nil)
		if !errors.Is(err, broken) || errors.Is(err, seal.ErrTampered) {
			t.Errorf("read error after %d bytes: %v", n, err)
		}
	}
}

func TestIndexAndPseudonym(t *testing.T) {
	k := oneKey(t)
	other := parse(t, "key a "+key(1)+"\nindex "+key(101))
	seen := map[string]string{}
	for name, v := range map[string]string{
		"insz": string(k.Index("insz", "1")), "number": string(k.Index("clientNumber", "1")),
		"shifted": string(k.Index("insz1", "")), "other value": string(k.Index("insz", "2")),
		"other key": string(other.Index("insz", "1")), "pseudonym": k.Pseudonym("insz", "1"),
		"other OCMW": k.Pseudonym("0212214917", "1"), "run together": k.Pseudonym("021221491", "71"),
		"pseudonym under the other key": other.Pseudonym("insz", "1"),
	} {
		if twin, ok := seen[v]; ok {
			t.Errorf("%s and %s are the same", name, twin)
		}
		seen[v] = name
	}
	if len(k.Index("insz", "1")) != 32 || !bytes.Equal(k.Index("insz", "1"), oneKey(t).Index("insz", "1")) {
		t.Error("an index value is 32 bytes and always the same")
	}
}

// Many goroutines draw on the same few states, each of which was used for something else before.
func TestStandInsDoNotDependOnWhatWentBefore(t *testing.T) {
	k := oneKey(t)
	value := func(n int) string { return strings.Repeat("x", n*7%90) + fmt.Sprint(n) }
	var all sync.WaitGroup
	for n := range 200 {
		all.Go(func() {
			fresh := oneKey(t)
			if !bytes.Equal(k.Index("insz", value(n)), fresh.Index("insz", value(n))) || k.Pseudonym("o", value(n)) != fresh.Pseudonym("o", value(n)) {
				t.Errorf("value %d has another stand-in than under fresh keys", n)
			}
		})
	}
	all.Wait()
}

func TestPseudonymCanBeTyped(t *testing.T) {
	k := oneKey(t)
	letters := map[rune]bool{}
	for i := range 500 {
		p := k.Pseudonym("0212214917", fmt.Sprint(i))
		for _, typed := range []string{p, " " + strings.ToUpper(p) + "\n", "p-" + strings.NewReplacer("0", "O", "1", "l").Replace(p[2:])} {
			if got, ok := seal.NormalizePseudonym(typed); !ok || got != p {
				t.Fatalf("typed %q: %q, %v", typed, got, ok)
			}
		}
		for _, c := range p[2:] {
			letters[c] = true
		}
	}
	if len(letters) != 32 {
		t.Errorf("%d different characters in 500 pseudonyms, want 32", len(letters))
	}
	for _, bad := range []string{"", "p-", "p-7f3k2m9q4", "p-7f3k2m9q4tt", "7f3k2m9q4t", "p-7f3k2m9q4u", "p-7f3k2m9q4é", "C-1001"} {
		if got, ok := seal.NormalizePseudonym(bad); ok {
			t.Errorf("%q was read as %q", bad, got)
		}
	}
}

func TestManyGoroutines(t *testing.T) {
	k := oneKey(t)
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for j := range 50 {
				text := []byte(fmt.Sprint(i, j))
				if got, err := k.Open(k.Seal(text, text), text); err != nil || !bytes.Equal(got, text) {
					t.Errorf("%s: %s, %v", text, got, err)
				}
				_ = k.Pseudonym("1", string(text))
			}
		})
	}
	wg.Wait()
}

func FuzzOpen(f *testing.F) {
	k := oneKey(f)
	f.Add(k.Seal([]byte("x"), nil))
	f.Add(sealStream(f, k, []byte("x"), nil, 1))
	f.Add([]byte{1, 255, 'a'})
	f.Fuzz(func(t *testing.T, data []byte) {
		// Each fuzzing process seals seeds of its own, so only their text is known.
		if got, err := k.Open(data, nil); err == nil && string(got) != "x" {
			t.Fatal("opened what was never sealed")
		}
		if got, err := openStream(k, bytes.NewReader(data), nil); err == nil && string(got) != "x" {
			t.Fatal("opened a stream that was never sealed")
		}
	})
}

func FuzzParseKeyFile(f *testing.F) {
	f.Add([]byte("key a " + key(1) + "\nindex " + key(2)))
	f.Add([]byte("# comment\r\n\nindex\nkey"))
	f.Fuzz(func(t *testing.T, file []byte) {
		k, err := seal.ParseKeyFile(file)
		if (k == nil) == (err == nil) {
			t.Fatalf("keys %v, error %v", k, err)
		}
		if err != nil {
			return
		}
		if got, err := k.Open(k.Seal([]byte("x"), nil), nil); err != nil || string(got) != "x" {
			t.Fatalf("accepted keys don't work: %v", err)
		}
	})
}
