package mlp

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"time"
)

// maxWorkers is how many requests can be out at a time: as many as the configuration may ask for (mlp.workers). A connection that
// is not kept is made again for the next request, with its handshake.
const maxWorkers = 64

// newTransport is the HTTP transport of an endpoint: TLS 1.2 or higher, the system's
// authorities and caFile's, the proxy that the configuration names and no other.
func newTransport(o Options) (http.RoundTripper, error) {
	if o.Transport != nil {
		return o.Transport, nil
	}
	roots, err := authorities(o.CAFile)
	if err != nil {
		return nil, err
	}
	config := &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: roots}
	if o.ClientCertificate != nil {
		config.Certificates = []tls.Certificate{*o.ClientCertificate}
	}
	proxy, err := proxyOf(o.Proxy)
	if err != nil {
		return nil, err
	}
	return &http.Transport{
		Proxy:               proxy,
		DialContext:         (&net.Dialer{Timeout: 10 * time.Second, KeepAlive: 30 * time.Second}).DialContext,
		TLSClientConfig:     config,
		TLSHandshakeTimeout: 10 * time.Second,
		ForceAttemptHTTP2:   true,
		MaxIdleConnsPerHost: maxWorkers,
		IdleConnTimeout:     60 * time.Second,
	}, nil
}

// authorities is nil, the system's own, without a file.
func authorities(file string) (*x509.CertPool, error) {
	if file == "" {
		return nil, nil
	}
	pem, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("read caFile: %w", err)
	}
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool()
	}
	if !pool.AppendCertsFromPEM(pem) {
		return nil, errors.New("caFile holds no certificate in PEM form")
	}
	return pool, nil
}

func proxyOf(proxy string) (func(*http.Request) (*url.URL, error), error) {
	if proxy == "" {
		return nil, nil
	}
	u, err := url.Parse(proxy)
	if err != nil || u.Host == "" {
		return nil, errors.New("proxy is no URL of the form http://host:port")
	}
	return http.ProxyURL(u), nil
}

// checkURL reads a URL of the configuration. http:// is for loopback, and elsewhere only
// where the caller allows it (design decision 23).
func checkURL(name, raw string, plainHTTP bool) (*url.URL, error) {
	u, err := url.Parse(raw)
	if err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return nil, fmt.Errorf("%s is no URL of the form https://host/path", name)
	}
	switch {
	case u.Scheme == "https":
	case u.Scheme == "http" && (plainHTTP || loopback(u.Hostname())):
	default:
		return nil, fmt.Errorf("%s has to be https://", name)
	}
	return u, nil
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || (ip != nil && ip.IsLoopback())
}
