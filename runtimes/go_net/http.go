package main

import (
	"io"
	"net/http"
	"strconv"
	"strings"
)

const (
	headBytesMax = 8 << 10
	bodyBytesMax = 1 << 20
)

// newHandler answers `/` and `/ID` with the document of that number.
func newHandler(bodies documents) http.Handler {
	return http.HandlerFunc(func(reply http.ResponseWriter, asked *http.Request) {
		counts := &asked.Context().Value(peerKey{}).(*peer).counts
		counts.requests++
		switch asked.Method {
		case http.MethodGet, http.MethodHead, http.MethodPost:
		default:
			reply.Header().Set("Allow", "GET, HEAD, POST")
			http.Error(reply, "method not allowed", http.StatusMethodNotAllowed)
			return
		}
		if asked.Body != http.NoBody {
			if _, err := io.Copy(io.Discard, http.MaxBytesReader(reply, asked.Body, bodyBytesMax)); err != nil {
				reply.Header().Set("Connection", "close")
				if _, isTooLarge := err.(*http.MaxBytesError); isTooLarge {
					counts.errors++
					http.Error(reply, err.Error(), http.StatusRequestEntityTooLarge)
				} else {
					counts.requests-- // isRefusal counts it, as all that is no request
					http.Error(reply, err.Error(), http.StatusBadRequest)
				}
				return
			}
		}
		text := strings.TrimPrefix(asked.URL.Path, "/") // the absolute form may come without a path
		if text == "" {
			text = "0"
		}
		id, err := strconv.ParseUint(text, 10, 32)
		if err != nil {
			http.NotFound(reply, asked)
			return
		}
		reply.Header().Set("Content-Type", "application/json")
		reply.Header().Set("Content-Length", strconv.Itoa(bodies.bytes))
		if asked.Method != http.MethodHead {
			reply.Write(bodies.of(id))
		}
	})
}

// isRefusal: net/http itself answers what is no request, or none that it takes, and then closes the connection.
func isRefusal(written []byte) bool {
	const version = "HTTP/1.1 "
	if len(written) < len(version)+3 || string(written[:len(version)]) != version {
		return false
	}
	switch string(written[len(version) : len(version)+3]) {
	case "400", "417", "431", "501", "505":
		return true
	}
	return false
}
