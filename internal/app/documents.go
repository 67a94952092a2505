package app

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/mlpsync/mlpsync/internal/casefile"
	"github.com/mlpsync/mlpsync/internal/deliver"
)

// documentError is why a document can't be read. It names no path: file names of an
// export may hold a person's name.
type documentError casefile.FileProblem

// Error implements error.
func (e documentError) Error() string {
	texts := map[casefile.FileProblem]string{
		casefile.FileMissing:  "the document is not in the documents folder",
		casefile.FileTooLarge: "the document is larger than files.maxDocumentMiB",
		casefile.FileNotPDF:   "the document is no whole PDF",
		casefile.FileOutside:  "the document's path leaves the documents folder",
		casefile.FileUnread:   "the document can't be read: check the rights of the folder and the file",
		casefile.FilesNowhere: "the configuration names no documents folder: see ocmws[].documents",
	}
	return texts[casefile.FileProblem(e)]
}

// inspect says what stands under a path in an OCMW's documents folder.
func (a *App) inspect(ctx context.Context, ocmw, path string) casefile.FileState {
	hash := sha256.New()
	size, err := a.readDocument(ctx, ocmw, path, hash)
	var problem documentError
	switch {
	case errors.As(err, &problem):
		return casefile.FileState{Problem: casefile.FileProblem(problem)}
	case err != nil:
		return casefile.FileState{Problem: casefile.FileUnread}
	}
	return casefile.FileState{SHA256: hex.EncodeToString(hash.Sum(nil)), Size: size}
}

// document reads a document that is to be sent now. What it holds may have changed since
// it was inspected: the caller compares.
func (a *App) document(ctx context.Context, ocmw, path string) ([]byte, error) {
	var content bytes.Buffer
	_, err := a.readDocument(ctx, ocmw, path, &content)
	if errors.Is(err, documentError(casefile.FilesNowhere)) {
		return nil, deliver.ErrNoDocuments
	}
	if err != nil {
		return nil, err
	}
	return content.Bytes(), nil
}

// readDocument copies a PDF to to and says how large it is. The folder is opened each
// time: a share may come and go while the daemon runs.
func (a *App) readDocument(ctx context.Context, ocmw, path string, to io.Writer) (int64, error) {
	folder := a.ocmw(ocmw).Documents
	switch {
	case ctx.Err() != nil:
		return 0, ctx.Err()
	case folder == "":
		return 0, documentError(casefile.FilesNowhere)
	case !fs.ValidPath(path) || !filepath.IsLocal(filepath.FromSlash(path)):
		return 0, documentError(casefile.FileOutside)
	}
	root, err := os.OpenRoot(folder)
	if err != nil { // the whole folder is away: that says nothing of the file
		return 0, documentError(casefile.FileUnread)
	}
	defer root.Close()
	file, err := openDocument(root, path)
	if err != nil {
		return 0, err
	}
	defer file.Close()
	return copyPDF(to, file, int64(a.config.Files.MaxDocumentMiB)<<20)
}

// openDocument opens a regular file below root. It looks first: to open a pipe is to wait
// for whoever writes to it.
func openDocument(root *os.Root, path string) (*os.File, error) {
	info, err := root.Stat(path)
	if err == nil && !info.Mode().IsRegular() {
		return nil, documentError(casefile.FileUnread)
	}
	var file *os.File
	if err == nil {
		file, err = root.Open(path)
	}
	switch {
	case err == nil:
		return file, nil
	case errors.Is(err, fs.ErrNotExist):
		return nil, documentError(casefile.FileMissing)
	case !errors.Is(err, fs.ErrPermission) && throughLink(root, path):
		return nil, documentError(casefile.FileOutside)
	}
	return nil, documentError(casefile.FileUnread)
}

// throughLink tells whether the path goes through a symbolic link. The error of a root
// whose path leads out has no name to be known by.
func throughLink(root *os.Root, path string) bool {
	parts := strings.Split(path, "/")
	for i := range parts {
		info, err := root.Lstat(strings.Join(parts[:i+1], "/"))
		if err != nil {
			return false
		}
		if info.Mode()&fs.ModeSymlink != 0 {
			return true
		}
	}
	return false
}

// The marks of a PDF (ISO 32000-1, 7.5.2 and 7.5.5; readers look for the last one in the
// last 1024 bytes). A file without its end is still being copied.
const (
	pdfHead = "%PDF-"
	pdfEnd  = "%%EOF"
	pdfTail = 1024
)

// copyPDF copies at most most bytes of what begins and ends as a PDF.
func copyPDF(to io.Writer, file io.Reader, most int64) (int64, error) {
	from := bufio.NewReader(io.LimitReader(file, most+1))
	head, err := from.Peek(len(pdfHead))
	if err != nil && !errors.Is(err, io.EOF) {
		return 0, documentError(casefile.FileUnread)
	}
	if string(head) != pdfHead {
		return 0, documentError(casefile.FileNotPDF)
	}
	var end tail
	size, err := io.Copy(io.MultiWriter(to, &end), from)
	switch {
	case err != nil:
		return 0, documentError(casefile.FileUnread)
	case size > most:
		return 0, documentError(casefile.FileTooLarge)
	case !bytes.Contains(end.bytes, []byte(pdfEnd)):
		return 0, documentError(casefile.FileNotPDF)
	}
	return size, nil
}

// tail keeps the last pdfTail bytes that were written to it.
type tail struct{ bytes []byte }

// Write implements io.Writer.
func (t *tail) Write(p []byte) (int, error) {
	t.bytes = append(t.bytes, p...)
	if extra := len(t.bytes) - pdfTail; extra > 0 {
		t.bytes = append(t.bytes[:0], t.bytes[extra:]...)
	}
	return len(p), nil
}
