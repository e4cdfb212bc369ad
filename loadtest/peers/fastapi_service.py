"""What a team would write with FastAPI: one process, a queue and a speaking task per call; every frame and text is answered."""
import asyncio
import json

from fastapi import FastAPI, WebSocket

# A call that does not listen holds so much, then its own input waits.
MOST_WAITING = 1000

app = FastAPI()


@app.get("/")
async def ready() -> str:
    return "ready"


async def speak(call: WebSocket, answers: asyncio.Queue) -> None:
    while True:
        answer = await answers.get()
        if isinstance(answer, bytes):
            await call.send_bytes(answer)
        else:
            await call.send_text(answer)


def answer_to(message: dict) -> bytes | str:
    frame = message.get("bytes")
    if frame is not None:
        return frame
    question = json.loads(message["text"])
    return json.dumps({"type": "text", "content": f"You said: {question['content']}."}, separators=(",", ":"))


@app.websocket("/call")
async def call(call: WebSocket) -> None:
    await call.accept()
    answers: asyncio.Queue = asyncio.Queue(MOST_WAITING)
    speaking = asyncio.create_task(speak(call, answers))
    try:
        while (message := await call.receive())["type"] == "websocket.receive":
            await answers.put(answer_to(message))
    finally:
        speaking.cancel()
