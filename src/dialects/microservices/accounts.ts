import { z } from 'zod';
import { FullName, NewPassword, TriedPassword } from '#identity';
import { Email } from '#kernel/shapes.ts';
import type { Microservices } from './context.ts';

const Name = z.string().min(1).max(300).meta({ description: 'As given at sign-up', example: 'Jane Doe' });

export const SignUp = z.object({ email: Email, fullName: FullName, password: NewPassword });
export const ConfirmSignUp = z.object({
  fullName: Name,
  confirmationCode: z
    .union([z.string().max(100), z.int().min(0).max(999_999)])
    .meta({ description: 'The six digits of the email', example: '402518' }),
});
export const SignIn = z.object({ fullName: Name, password: TriedPassword, code: z.string().max(100).optional() });
export const SignOut = z.object({ accessToken: z.string().min(1).max(5000) });

export const Msg = z.object({ msg: z.string() });
export const SignedIn = Msg.extend({
  tokens: z.object({
    AccessToken: z.string(),
    ExpiresIn: z.int(),
    IdToken: z.string(),
    RefreshToken: z.string(),
    TokenType: z.literal('Bearer'),
  }),
});

const TOKEN_SECONDS = 3600;

/** Opens an account that signs in by its full name once its email is confirmed. The spelling is that of the API. */
export async function signUp(ctx: Microservices, { email, fullName, password }: z.infer<typeof SignUp>): Promise<z.infer<typeof Msg>> {
  await ctx.identity.signUpByFullName({ email, fullName, password });
  return { msg: 'Account created. Please varify your email.' };
}

/** Numbers lose the zeros that a code may begin with. */
export async function confirmSignUp(ctx: Microservices, { fullName, confirmationCode }: z.infer<typeof ConfirmSignUp>) {
  const code = typeof confirmationCode === 'number' ? String(confirmationCode).padStart(6, '0') : confirmationCode;
  await ctx.identity.confirmByFullName({ fullName, code });
  return { msg: 'User successfully confirmed!' };
}

export async function signIn(ctx: Microservices, { fullName, password, code }: z.infer<typeof SignIn>): Promise<z.infer<typeof SignedIn>> {
  const tokens = await ctx.identity.signIn({ name: { fullName }, password, code, seconds: TOKEN_SECONDS });
  return {
    msg: 'User successfully signed in!',
    tokens: {
      AccessToken: tokens.accessToken,
      ExpiresIn: tokens.expiresIn,
      IdToken: tokens.idToken,
      RefreshToken: tokens.refreshToken,
      TokenType: 'Bearer',
    },
  };
}

export async function signOut(ctx: Microservices, { accessToken }: z.infer<typeof SignOut>): Promise<z.infer<typeof Msg>> {
  await ctx.identity.signOut({ accessToken });
  return { msg: 'User succesfully signed out!' };
}
