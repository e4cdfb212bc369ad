import { say, type Intent } from './intent.ts';
import { numberInWords } from './spoken-number.ts';

/** The host's own time zone (set by `TZ`), which is said along: the caller may be elsewhere. */
const timeOfDay = new Intl.DateTimeFormat('en-US', { hour: 'numeric', minute: 'numeric', hourCycle: 'h23', timeZoneName: 'long' });
const day = new Intl.DateTimeFormat('en-US', { weekday: 'long', month: 'long', day: 'numeric', year: 'numeric' });

/** Tells the time of day. */
export const clock: Intent = {
  name: 'clock',
  offer: 'tell the time',
  phrases: ['what time is it', 'what is the time', 'tell me the time', 'what time is it now', 'do you have the time'],
  answer: ({ plain }, { nowMs }) =>
    /\b(?:what time|the time|current time)\b|^time$/.test(plain) ? say(`It is ${spokenTime(nowMs)}.`) : undefined,
};

/** Tells the date. */
export const calendar: Intent = {
  name: 'calendar',
  offer: 'tell what day it is',
  phrases: ['what day is it', 'what day is it today', 'what is the date', 'what is the date today'],
  answer: ({ plain }, { nowMs }) =>
    /\b(?:what day|the date|what date|todays date)\b|^date$/.test(plain) ? say(`Today is ${day.format(nowMs)}.`) : undefined,
};

/** "ten oh five in the morning, Coordinated Universal Time". */
function spokenTime(nowMs: number): string {
  const parts = timeOfDay.formatToParts(nowMs);
  const part = (type: string): string => parts.find((each) => each.type === type)?.value ?? '';
  const hour = Number(part('hour'));
  const minute = Number(part('minute'));
  return `${numberInWords((hour + 11) % 12 + 1)}${minuteWords(minute)} ${dayPart(hour)}, ${part('timeZoneName')}`;
}

function minuteWords(minute: number): string {
  if (minute === 0) return " o'clock";
  return minute < 10 ? ` oh ${numberInWords(minute)}` : ` ${numberInWords(minute)}`;
}

function dayPart(hour: number): string {
  if (hour < 12) return 'in the morning';
  return hour < 18 ? 'in the afternoon' : 'in the evening';
}
