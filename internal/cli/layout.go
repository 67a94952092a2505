package cli

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// pageWidth is how wide what caseworkers read is laid out: it fits a screen and a page.
const pageWidth = 100

// columns prints one row of cells, each wrapped within its width; widths are those of all but the
// last cell, which takes what is left of the page. Two spaces stand before the row and between cells.
func columns(w io.Writer, widths []int, cells ...string) {
	left := pageWidth - 2
	lines := make([][]string, len(cells))
	height := 1
	for i, cell := range cells {
		width := left
		if i < len(widths) {
			width = widths[i]
		}
		left -= width + 2
		lines[i] = wrap(cell, width)
		height = max(height, len(lines[i]))
	}
	for n := range height {
		var row strings.Builder
		for i := range cells {
			text := ""
			if n < len(lines[i]) {
				text = lines[i][n]
			}
			row.WriteString("  " + text)
			if i < len(widths) {
				row.WriteString(strings.Repeat(" ", max(0, widths[i]-utf8.RuneCountInString(text))))
			}
		}
		fmt.Fprintln(w, strings.TrimRight(row.String(), " "))
	}
}

// paragraph prints a text under a label, wrapped beside it; nothing for an empty text.
func paragraph(w io.Writer, indent int, label, text string) {
	if text == "" {
		return
	}
	first := strings.Repeat(" ", indent) + label
	rest := strings.Repeat(" ", utf8.RuneCountInString(first))
	for i, line := range wrap(text, pageWidth-utf8.RuneCountInString(first)) {
		if i == 0 {
			fmt.Fprintln(w, first+line)
			continue
		}
		fmt.Fprintln(w, rest+line)
	}
}

// wrap breaks a text at its spaces into lines of at most width characters; a longer word stands
// on a line of its own.
func wrap(text string, width int) []string {
	var lines []string
	line := ""
	for _, word := range strings.Fields(text) {
		if line != "" && utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word) > width {
			lines = append(lines, line)
			line = ""
		}
		if line != "" {
			line += " "
		}
		line += word
	}
	if line != "" {
		lines = append(lines, line)
	}
	return lines
}
