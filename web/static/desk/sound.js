// sound.js: a short sound for each answer, so that eyes may stay on the books; kept off where it was switched off.

const KEPT = "bookvault.desk.silent";

/** Hertz and seconds of each answer: high for yes, low and twice for no. @type {Record<string, [number, number][]>} */
const NOTES = { ok: [[880, 0.09]], note: [[660, 0.09], [660, 0.09]], no: [[220, 0.16], [180, 0.22]], held: [[330, 0.12]] };

/** @type {AudioContext | undefined} */
let audio;

export function quiet() {
  try {
    return localStorage.getItem(KEPT) === "1";
  } catch {
    return false;
  }
}

/** @param {boolean} wish */
export function silence(wish) {
  try {
    if (wish) localStorage.setItem(KEPT, "1");
    else localStorage.removeItem(KEPT);
  } catch {
    // as it is for this visit
  }
}

/**
 * Plays the sound of an answer; browsers allow it once somebody touched the page, which a scan does.
 * @param {string} state
 */
export function play(state) {
  const notes = NOTES[state];
  if (!notes || quiet() || !navigator.userActivation?.hasBeenActive) return;
  audio ??= new AudioContext();
  let at = audio.currentTime + 0.01;
  for (const [hertz, seconds] of notes) {
    const tone = new OscillatorNode(audio, { frequency: hertz, type: "triangle" });
    const volume = new GainNode(audio, { gain: 0.15 });
    volume.gain.setValueAtTime(0.15, at + seconds * 0.7);
    volume.gain.linearRampToValueAtTime(0, at + seconds);
    tone.connect(volume).connect(audio.destination);
    tone.start(at);
    tone.stop(at + seconds);
    at += seconds + 0.04;
  }
}
