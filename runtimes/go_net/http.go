package main

import (
	"net/http"
	"strconv"
)

// newHandler answers `/` and `/ID` with the document of that number.
func newHandler(bodies documents) http.Handler {
	return http.HandlerFunc(func(reply http.ResponseWriter, asked *http.Request) {
		asked.Context().Value(peerKey{}).(*peer).counts.requests++
		text := asked.URL.Path[1:]
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
