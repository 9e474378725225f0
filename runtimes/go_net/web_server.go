package main

import (
	"context"
	"net"
	"net/http"
	"sync"
)

// webServer is net/http over connections that are accepted elsewhere.
type webServer struct {
	server      http.Server
	connections chan net.Conn
	ended       sync.Map // of each connection a channel that is closed at its end
}

type peerKey struct{}

// webPeer is a connection of net/http: what that refuses is counted as the error of a session.
type webPeer struct{ *peer }

func (p webPeer) Write(data []byte) (int, error) {
	if isRefusal(data) {
		p.counts.requests++
		p.counts.errors++
	}
	return p.peer.Write(data)
}

func newWebServer(bodyBytes int) *webServer {
	w := &webServer{connections: make(chan net.Conn)}
	w.server.Handler = newHandler(newDocuments(bodyBytes))
	w.server.MaxHeaderBytes = headBytesMax - 4096 // net/http allows so much more
	w.server.ConnContext = func(base context.Context, connection net.Conn) context.Context {
		return context.WithValue(base, peerKey{}, connection.(webPeer).peer)
	}
	w.server.ConnState = func(connection net.Conn, state http.ConnState) {
		if state == http.StateClosed || state == http.StateHijacked {
			if ended, found := w.ended.LoadAndDelete(connection); found {
				close(ended.(chan struct{}))
			}
		}
	}
	go w.server.Serve(w)
	return w
}

func (w *webServer) serve(p *peer) {
	ended := make(chan struct{})
	connection := webPeer{p}
	w.ended.Store(net.Conn(connection), ended)
	w.connections <- connection
	<-ended
}

// Accept, Close and Addr make it the listener of its own http.Server.
func (w *webServer) Accept() (net.Conn, error) { return <-w.connections, nil }
func (w *webServer) Close() error              { return nil }
func (w *webServer) Addr() net.Addr            { return &net.TCPAddr{} }
