// A page that is opened as a file may start no worker: the search runs in a frame of the page instead.
if (location.protocol === "file:") {
  window.IFrameWorker = window.Worker = class extends EventTarget {
    constructor(url) {
      super()
      const frame = document.createElement("iframe")
      frame.hidden = true
      frame.srcdoc = `<script src="${url}"></script>`
      this.ready = new Promise(resolve => { frame.onload = () => resolve(frame.contentWindow) })
      document.body.append(frame)
      this.ready.then(inside => { inside.postMessage = data => this.answer(data) })
    }
    answer(data) {
      this.dispatchEvent(new MessageEvent("message", { data }))
    }
    postMessage(data) {
      this.ready.then(inside => inside.dispatchEvent(new MessageEvent("message", { data })))
    }
  }
}
