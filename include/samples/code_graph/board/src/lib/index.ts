export { WallClock, minutes as wholeMinutes } from "./clock";
