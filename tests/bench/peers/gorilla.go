// SPDX-License-Identifier: MIT

// gorilla/websocket: /echo, and one room on every other path. The room is the
// package's own chat example, with a message prepared once for all members and
// a queue that waits where the example drops the member.
package main

import (
	"log"
	"net/http"
	"os"

	"github.com/gorilla/websocket"
)

const queueLen = 4096 // messages waiting for one member

type member struct {
	socket *websocket.Conn
	queue  chan *websocket.PreparedMessage
}

type room struct {
	join, leave chan *member
	message     chan *websocket.PreparedMessage
}

func (r *room) run() {
	members := map[*member]bool{}
	for {
		select {
		case m := <-r.join:
			members[m] = true
		case m := <-r.leave:
			delete(members, m)
			close(m.queue)
		case message := <-r.message:
			for m := range members {
				m.queue <- message
			}
		}
	}
}

func (m *member) write() {
	for message := range m.queue {
		if m.socket.WritePreparedMessage(message) != nil {
			break
		}
	}
	for range m.queue { // until the room has let go of it
	}
	m.socket.Close()
}

func (r *room) read(socket *websocket.Conn) {
	m := &member{socket, make(chan *websocket.PreparedMessage, queueLen)}
	r.join <- m
	go m.write()
	for {
		kind, data, err := socket.ReadMessage()
		if err != nil {
			break
		}
		message, err := websocket.NewPreparedMessage(kind, data)
		if err != nil {
			break
		}
		r.message <- message
	}
	r.leave <- m
}

func echo(socket *websocket.Conn) {
	defer socket.Close()
	for {
		kind, data, err := socket.ReadMessage()
		if err != nil || socket.WriteMessage(kind, data) != nil {
			return
		}
	}
}

func main() {
	upgrader := websocket.Upgrader{
		CheckOrigin: func(*http.Request) bool { return true },
	}
	r := &room{make(chan *member), make(chan *member),
		make(chan *websocket.PreparedMessage)}
	go r.run()
	serve := func(w http.ResponseWriter, request *http.Request) {
		socket, err := upgrader.Upgrade(w, request, nil)
		if err != nil {
			return
		}
		if request.URL.Path == "/echo" {
			echo(socket)
		} else {
			r.read(socket)
		}
	}
	http.HandleFunc("/", serve)
	log.Fatal(http.ListenAndServe(":"+os.Args[1], nil))
}
