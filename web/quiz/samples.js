// SPDX-License-Identifier: MIT
// Questions to begin with, at once or as a pattern for one's own.

export const SAMPLES = [
  { text: 'What does the bar-tailed godwit do without a stop?', options: ['Sleep for a month', 'Fly from Alaska to New Zealand', 'Dive for an hour', 'Sing all night'], right: 1, limit: 20 },
  { text: 'A page wants news the moment it happens. Which of these keeps one connection open, in both directions?', options: ['Polling', 'Server-Sent Events', 'WebSocket'], right: 2, limit: 30 },
  { text: 'Light needs about eight minutes from the Sun to the Earth.', options: ['True', 'False'], right: 0, limit: 10 },
  { text: 'How many hearts does an octopus have?', options: ['One', 'Two', 'Three', 'Four', 'Eight', 'None'], right: 2, limit: 20 },
  { text: 'Which planet turns the other way round from most?', options: ['Mercury', 'Venus', 'Mars', 'Jupiter', 'Saturn'], right: 1, limit: 0 },
];
