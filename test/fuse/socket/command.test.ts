import { describe, expect, test } from 'vitest';
import { commandWords, fillIn, namesIn } from '../../../src/fuse/socket/command.ts';

const words = (command: string) => commandWords(command, '/');

describe('a daemon command', () => {
  test('is split as a shell does it, and not interpreted', () => {
    expect(words(`daemon  -o 'a b'=c\\ d "e \\"f\\"" $HOME * {fuse}`)).toEqual([
      ...['daemon', '-o', 'a b=c d', 'e "f"', '$HOME', '*', '{fuse}'],
    ]);
    expect(words(`daemon '' x"y"'z' {fuse}`)).toEqual(['daemon', '', 'xyz', '{fuse}']);
  });

  test('must say where the mount point stands', () => {
    expect(() => words('sshfs host: /mnt')).toThrow(/expected \{fuse\} where the mount point stands/);
    expect(() => words('  ')).toThrow(/expected a command such as/);
    expect(() => words(`daemon 'a {fuse}`)).toThrow(/a quote is not closed/);
  });

  test('names its program from the working directory', () => {
    expect(commandWords('bin/sh {fuse}', '/')[0]).toBe('/bin/sh');
    expect(() => words('./no/such {fuse}')).toThrow('there is no program /no/such');
  });

  test('has the places filled in, inside words too', () => {
    expect(fillIn(words('daemon -o source={backing},x {fuse}'), '/dev/fd/3', '/b')).toEqual([
      ...['daemon', '-o', 'source=/b,x', '/dev/fd/3'],
    ]);
  });

  test('names files in whole words and in options', () => {
    expect(namesIn(['d', '-o', 'lowerdir=a:b,upperdir=c', '{fuse}'])).toEqual([
      ...['d', '-o', 'lowerdir=a:b,upperdir=c', 'lowerdir', 'a', 'b', 'upperdir', 'c'],
    ]);
  });
});
