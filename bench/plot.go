package main

import (
	"fmt"
	"math"
	"strings"
)

// The plot: rows against seconds and against memory, both axes of the seconds by powers of ten, so that a straight line of
// slope one is a cost that grows as the rows do.
const (
	plotWidth, plotHeight     = 720.0, 440.0
	plotLeft, plotRight       = 80.0, 80.0
	plotTop, plotBottom       = 50.0, 60.0
	secondsColor, memoryColor = "#1f5fa8", "#b34a00"
	innerWidth                = plotWidth - plotLeft - plotRight
	innerHeight               = plotHeight - plotTop - plotBottom
)

// axis maps values to places.
type axis struct {
	from, to float64 // values, or their logarithms
	log      bool
	at, span float64 // where from is drawn, and how far it is to to
}

func (a axis) place(value float64) float64 {
	if a.log {
		value = math.Log10(value)
	}
	return a.at + (value-a.from)/(a.to-a.from)*a.span
}

func logAxis(low, high, at, span float64) axis {
	return axis{from: math.Floor(math.Log10(low)), to: math.Ceil(math.Log10(high) - 1e-9), log: true, at: at, span: span}
}

func plot(points []scalePoint) string {
	first, last := points[0], points[len(points)-1]
	x := logAxis(float64(first.Rows), float64(last.Rows), plotLeft, innerWidth)
	y := logAxis(first.Seconds, last.Seconds, plotTop+innerHeight, -innerHeight)
	most := 1.0
	for _, p := range points {
		most = max(most, p.PeakMB)
	}
	memory := axis{from: 0, to: math.Ceil(most/32) * 32, at: plotTop + innerHeight, span: -innerHeight}
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %g %g" font-family="sans-serif" font-size="13">`+"\n", plotWidth, plotHeight)
	fmt.Fprintf(&b, `<title>A first run over an export: seconds and memory by rows</title>`+"\n"+`<rect width="%g" height="%g" fill="white"/>`+"\n", plotWidth, plotHeight)
	fmt.Fprintf(&b, `<text x="%g" y="24" font-size="15" text-anchor="middle">A first run over an export</text>`+"\n", plotWidth/2)
	for e := x.from; e <= x.to; e++ {
		at := x.place(math.Pow(10, e))
		fmt.Fprintf(&b, `<line x1="%g" y1="%g" x2="%g" y2="%g" stroke="#ddd"/><text x="%g" y="%g" text-anchor="middle">%s</text>`+"\n",
			at, plotTop, at, plotTop+innerHeight, at, plotTop+innerHeight+20, thousands(math.Pow(10, e)))
	}
	for e := y.from; e <= y.to; e++ {
		at := y.place(math.Pow(10, e))
		fmt.Fprintf(&b, `<line x1="%g" y1="%g" x2="%g" y2="%g" stroke="#ddd"/><text x="%g" y="%g" text-anchor="end" fill="%s">%g</text>`+"\n",
			plotLeft, at, plotLeft+innerWidth, at, plotLeft-8, at+4, secondsColor, math.Pow(10, e))
	}
	for i := range 5 {
		value := memory.to * float64(i) / 4
		fmt.Fprintf(&b, `<text x="%g" y="%g" fill="%s">%g</text>`+"\n", plotLeft+innerWidth+8, memory.place(value)+4, memoryColor, value)
	}
	fmt.Fprintf(&b, `<rect x="%g" y="%g" width="%g" height="%g" fill="none" stroke="#444"/>`+"\n", plotLeft, plotTop, innerWidth, innerHeight)
	fmt.Fprintf(&b, `<text x="%g" y="%g" text-anchor="middle">rows</text>`+"\n", plotLeft+innerWidth/2, plotHeight-14)
	fmt.Fprintf(&b, `<text transform="translate(22 %g) rotate(-90)" text-anchor="middle" fill="%s">seconds</text>`+"\n", plotTop+innerHeight/2, secondsColor)
	fmt.Fprintf(&b, `<text transform="translate(%g %g) rotate(90)" text-anchor="middle" fill="%s">most memory resident, MiB</text>`+"\n", plotWidth-18, plotTop+innerHeight/2, memoryColor)
	line(&b, points, x, y, secondsColor, "", func(p scalePoint) float64 { return p.Seconds })
	if first.PeakMB > 0 {
		line(&b, points, x, memory, memoryColor, ` stroke-dasharray="6 4"`, func(p scalePoint) float64 { return p.PeakMB })
	}
	b.WriteString("</svg>\n")
	return b.String()
}

func line(b *strings.Builder, points []scalePoint, x, y axis, color, dashes string, value func(scalePoint) float64) {
	var places []string
	for _, p := range points {
		places = append(places, fmt.Sprintf("%.1f,%.1f", x.place(float64(p.Rows)), y.place(value(p))))
	}
	fmt.Fprintf(b, `<polyline points="%s" fill="none" stroke="%s" stroke-width="2"%s/>`+"\n", strings.Join(places, " "), color, dashes)
	for _, p := range points {
		fmt.Fprintf(b, `<circle cx="%.1f" cy="%.1f" r="4" fill="%s"><title>%d rows: %s</title></circle>`+"\n",
			x.place(float64(p.Rows)), y.place(value(p)), color, p.Rows, short(value(p)))
	}
}

func thousands(n float64) string {
	text := fmt.Sprintf("%.0f", n)
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}
