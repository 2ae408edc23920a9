// Live frames of a camera: each is sent when the answer to the one before has come.

const EDGE = 480;
const FRAMES_OF_RATE = 20;

export class Camera {
  constructor(video, send, onAnswer, onError) {
    Object.assign(this, { video, send, onAnswer, onError, stream: null });
    this.canvas = document.createElement("canvas");
  }

  get isOn() {
    return this.stream !== null;
  }

  async start() {
    if (!navigator.mediaDevices) {
      throw new Error("A browser gives its camera to pages by https or on localhost alone. Take a photo instead.");
    }
    this.stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment", width: { ideal: 640 } } });
    this.video.srcObject = this.stream;
    await this.video.play();
    this.loop();
  }

  stop() {
    this.stream?.getTracks().forEach((track) => track.stop());
    this.stream = null;
    this.video.srcObject = null;
  }

  async loop() {
    const times = [];
    while (this.isOn) {
      try {
        const answer = await this.send(await this.frame());
        times.push(performance.now());
        if (times.length > FRAMES_OF_RATE) times.shift();
        const rate = times.length > 1 ? (1000 * (times.length - 1)) / (times.at(-1) - times[0]) : null;
        if (this.isOn) this.onAnswer(answer, rate);
      } catch (error) {
        this.onError(error);
        if (error.code !== "wait") return this.stop();
        await new Promise((resolve) => setTimeout(resolve, 1000));
      }
      await new Promise(requestAnimationFrame);
    }
  }

  lastFrame() {
    return this.canvas.toDataURL("image/jpeg", 0.9);
  }

  frame() {
    const { videoWidth, videoHeight } = this.video;
    const scale = Math.min(1, EDGE / Math.min(videoWidth, videoHeight));
    this.canvas.width = Math.round(videoWidth * scale);
    this.canvas.height = Math.round(videoHeight * scale);
    this.canvas.getContext("2d").drawImage(this.video, 0, 0, this.canvas.width, this.canvas.height);
    return new Promise((resolve) => this.canvas.toBlob(resolve, "image/jpeg", 0.9));
  }
}
